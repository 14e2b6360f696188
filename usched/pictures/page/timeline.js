"use strict";
// The timeline: a row for each cpu, drawn on a canvas, pixel by pixel, so that a frame takes as long
// for a hundred thousand segments as for ten. Where segments share a column of pixels, it has the
// colour of the longest and is as high as the cpu was busy.

const GAP = 0, LENGTH = 1, LWP = 2, CHAIN = 3, WHY = 4, FIELDS = 5;

class Row {
  // start, end: of each segment; busy: the ticks that ran before it.
  constructor(cpu) {
    this.cpu = cpu;
    const count = cpu.segments.length / FIELDS;
    this.start = new Float64Array(count);
    this.end = new Float64Array(count);
    this.busy = new Float64Array(count + 1);
    let now = 0;
    for (let i = 0; i < count; i++) {
      now += cpu.segments[i * FIELDS + GAP];
      this.start[i] = now;
      now += cpu.segments[i * FIELDS + LENGTH];
      this.end[i] = now;
      this.busy[i + 1] = this.busy[i] + cpu.segments[i * FIELDS + LENGTH];
    }
  }
  field(i, field) { return this.cpu.segments[i * FIELDS + field]; }
  get count() { return this.start.length; }
  // The first segment that ends after a tick.
  after(tick) {
    let low = 0, high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.end[middle] > tick) high = middle; else low = middle + 1;
    }
    return low;
  }
  busyUntil(tick) {
    const i = this.after(tick);
    return this.busy[i] + (i < this.count ? Math.max(0, tick - this.start[i]) : 0);
  }
}

class Timeline {
  constructor(run, canvas, tip, said) {
    this.run = run;
    this.canvas = canvas;
    this.tip = tip;
    this.said = said;
    this.rows = run.cpus.map((cpu) => new Row(cpu));
    this.left = 0;
    this.span = Math.max(1, run.ticks);
    this.row = 0;
    this.at = -1;
    this.lit = -1;
    this.listen();
    this.resize();
  }

  // -- where things are --------------------------------------------------------

  get margin() { return 92; }
  get head() { return 22; }
  get high() { return this.rows.length > 40 ? 12 : this.rows.length > 16 ? 18 : 24; }
  get width() { return this.canvas.clientWidth - this.margin; }
  x(tick) { return this.margin + (tick - this.left) / this.span * this.width; }
  tick(x) { return this.left + (x - this.margin) / this.width * this.span; }
  // Rows stand a little apart where another node begins.
  y(row) { return this.head + row * this.high + 6 * this.run.cpus[row].group; }

  resize() {
    const last = this.rows.length - 1;
    const height = (last < 0 ? this.head : this.y(last) + this.high) + 4;
    const scale = window.devicePixelRatio || 1;
    this.canvas.style.height = height + "px";
    this.canvas.width = Math.round(this.canvas.clientWidth * scale);
    this.canvas.height = Math.round(height * scale);
    this.scale = scale;
    this.ask();
  }

  show(left, span) {
    const ticks = Math.max(1, this.run.ticks);
    this.span = Math.min(ticks, Math.max(Math.min(4, ticks), span));
    this.left = Math.min(ticks - this.span, Math.max(0, left));
    this.ask();
  }
  zoom(factor, around = this.left + this.span / 2) {
    const before = this.span;
    const span = Math.min(Math.max(1, this.run.ticks), Math.max(4, before * factor));
    this.show(around - (around - this.left) * span / before, span);
  }

  // One drawing for each frame, however often it is asked for.
  ask() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => { this.asked = false; this.draw(); });
  }

  // -- drawing -----------------------------------------------------------------

  draw() {
    const pen = this.pen = this.canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.ink = colour("--ink");
    this.faint = colour("--faint");
    this.idle = readColour(colour("--idle"));
    const [offline, focus] = [colour("--offline"), colour("--focus")];
    pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    pen.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    pen.textBaseline = "middle";
    this.mix();
    const focused = document.activeElement === this.canvas;
    this.rows.forEach((row, number) => {
      const y = this.y(number);
      const labels = this.drawRow(row, y);
      for (const [i, from, to] of labels) this.drawLabel(row, i, from, to, y);
      this.drawOffline(row, y, offline);
      pen.fillStyle = focused && number === this.row ? focus : this.ink;
      pen.fillText(row.cpu.label, 4, y + this.high / 2);
    });
    this.drawAxis(colour("--line"));
    this.drawEvents(colour("--worse"));
    this.drawCursor(focus);
  }

  // The colours of each scheduler as pixels: plain, and for lwps that are not the one lit.
  mix() {
    const [, idleRed, idleGreen, idleBlue] = [0, ...this.idle];
    this.pixel = this.run.schedulers.map((scheduler) => {
      if (scheduler.paint === null) return null;
      const [red, green, blue] = readColour(scheduler.paint);
      const fade = (one, other) => Math.round(0.2 * one + 0.8 * other);
      return {
        kind: scheduler.stripes,
        plain: toPixel(red, green, blue),
        dark: toPixel(red >> 1, green >> 1, blue >> 1),
        faded: toPixel(fade(red, idleRed), fade(green, idleGreen), fade(blue, idleBlue)),
      };
    });
    this.idlePixel = toPixel(idleRed, idleGreen, idleBlue);
  }

  // One row; what is wide enough for a name is returned: segment, and where it is.
  drawRow(row, y) {
    const scale = this.scale;
    const wide = Math.max(1, Math.round(this.width * scale));
    const high = Math.max(1, Math.round((this.high - 1) * scale));
    if (!this.image || this.image.width !== wide || this.image.height !== high) {
      this.image = this.pen.createImageData(wide, high);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(this.idlePixel);
    const labels = [];
    const step = this.span / wide;
    const roomy = 3 * step;
    let i = row.after(this.left);
    for (let column = 0; column < wide && i < row.count; column++) {
      const from = this.left + column * step;
      const to = from + step;
      let busy = 0, most = 0, best = -1;
      while (i < row.count && row.start[i] < to) {
        const part = Math.min(row.end[i], to) - Math.max(row.start[i], from);
        busy += part;
        if (part > most) { most = part; best = i; }
        if (row.end[i] > to) break;
        i++;
      }
      if (best < 0) continue;
      // a gap in front of whoever is wide enough to have one
      if (row.start[best] >= from && column && row.end[best] - row.start[best] > roomy) continue;
      this.paintColumn(row, best, column, Math.max(1, Math.round(high * Math.min(1, busy / step))));
    }
    this.pen.putImageData(this.image, Math.round(this.margin * scale), Math.round(y * scale));
    const least = 27 * this.span / this.width;
    for (let n = row.after(this.left); n < row.count && row.start[n] < this.left + this.span; n++) {
      if (row.end[n] - row.start[n] < least) continue;
      labels.push([n, Math.max(this.margin, this.x(row.start[n])),
        Math.min(this.margin + this.width, this.x(row.end[n]))]);
    }
    return labels;
  }

  paintColumn(row, i, column, height) {
    const { width, height: high } = this.image;
    const pixel = this.pixel[this.run.chains[row.field(i, CHAIN)][0]];
    const dim = this.lit >= 0 && this.lit !== row.field(i, LWP);
    for (let line = high - height; line < high; line++) {
      const striped = !dim && pixel.kind && isStriped(pixel.kind, column, line);
      this.pixels[line * width + column] = dim ? pixel.faded : striped ? pixel.dark : pixel.plain;
    }
  }

  drawLabel(row, i, from, to, y) {
    const name = this.run.lwps[row.field(i, LWP)].name;
    if (this.high < 12 || to - from < name.length * 6.4 + 6) return;
    const scheduler = this.run.chains[row.field(i, CHAIN)][0];
    const dim = this.lit >= 0 && this.lit !== row.field(i, LWP);
    this.pen.fillStyle = dim ? this.faint : this.run.schedulers[scheduler].text;
    this.pen.fillText(name, from + 4, y + this.high / 2);
  }

  drawOffline(row, y, colour) {
    for (const [start, end] of row.cpu.offline) {
      const from = Math.max(this.margin, this.x(start));
      const to = Math.min(this.margin + this.width, this.x(end));
      if (to <= from) continue;
      this.pen.fillStyle = colour;
      this.pen.fillRect(from, y + this.high / 2 - 1.5, to - from, 2);
      if (to - from > 50) this.pen.fillText("offline", from + 4, y + this.high / 2 - 5);
    }
  }

  drawAxis(colour) {
    const pen = this.pen;
    const steps = Math.max(1, Math.floor(this.width / 90));
    const step = niceStep(this.span / steps);
    for (let tick = Math.ceil(this.left / step) * step; tick <= this.left + this.span; tick += step) {
      const x = Math.round(this.x(tick)) + 0.5;
      pen.fillStyle = colour;
      pen.fillRect(x, this.head - 6, 1, 5);
      const wide = pen.measureText(String(tick)).width;
      if (x + wide + 3 > this.canvas.clientWidth) continue;
      pen.fillStyle = this.faint;
      pen.fillText(String(tick), x + 3, 9);
    }
  }

  drawEvents(colour) {
    for (const [tick] of this.run.events) {
      if (tick < this.left || tick > this.left + this.span) continue;
      this.pen.fillStyle = colour;
      this.pen.fillRect(this.x(tick), this.head - 8, 1.5, this.canvas.clientHeight);
    }
  }

  drawCursor(colour) {
    const row = this.rows[this.row];
    if (!row || this.at < 0 || this.at >= row.count) return;
    const from = Math.max(this.margin, this.x(row.start[this.at]));
    const to = Math.min(this.margin + this.width, this.x(row.end[this.at]));
    if (to < this.margin || from > this.margin + this.width) return;
    this.pen.strokeStyle = colour;
    this.pen.lineWidth = 2;
    this.pen.strokeRect(from, this.y(this.row), Math.max(2, to - from), this.high - 1);
  }
}

function niceStep(least) {
  const ten = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((each) => each * ten).find((each) => each >= Math.max(1, least));
}

function isStriped(kind, x, y) {
  if (kind === 1) return ((x + y) & 7) < 2;
  if (kind === 2) return ((x + y) & 7) < 2 || ((x - y) & 7) < 2;
  return (y & 3) === 0;
}

function readColour(text) {
  return [1, 3, 5].map((place) => parseInt(text.slice(place, place + 2), 16));
}

// As the bytes of a canvas are, on a machine whose lowest byte comes first.
function toPixel(red, green, blue) {
  return (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
}
