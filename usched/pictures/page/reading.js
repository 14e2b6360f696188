"use strict";
// Reading the timeline: with the mouse, by touch, and with keys alone. What is under the cursor is
// shown beside it and said in words for who cannot see it.

Object.assign(Timeline.prototype, {
  listen() {
    const canvas = this.canvas;
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        this.show(this.left + (event.deltaX || event.deltaY) / this.width * this.span, this.span);
      } else {
        this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.tick(event.offsetX));
      }
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.drag = { x: event.offsetX, left: this.left, moved: false };
    });
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => {
      const found = this.find(event.offsetX, event.offsetY);
      if (this.drag && !this.drag.moved) this.light(found ? found.row.field(found.i, LWP) : -1);
      this.drag = null;
    });
    canvas.addEventListener("pointerleave", () => { this.tip.style.display = "none"; });
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("focus", () => this.ask());
    canvas.addEventListener("blur", () => this.ask());
  },

  move(event) {
    if (this.drag) {
      const by = event.offsetX - this.drag.x;
      this.drag.moved = this.drag.moved || Math.abs(by) > 3;
      if (this.drag.moved) {
        this.show(this.drag.left - by / this.width * this.span, this.span);
        this.tip.style.display = "none";
        return;
      }
    }
    const happened = event.offsetY < this.head ? this.findEvent(event.offsetX) : "";
    const found = this.find(event.offsetX, event.offsetY);
    const text = happened || (found ? this.describe(found.row, found.i) : "");
    this.point(text, event.offsetX, event.offsetY);
  },

  find(x, y) {
    const number = this.rows.findIndex((_, n) => y >= this.y(n) && y < this.y(n) + this.high);
    if (number < 0 || x < this.margin) return null;
    const row = this.rows[number];
    const tick = this.tick(x);
    const i = row.after(tick);
    return i < row.count && row.start[i] <= tick ? { row, i, number } : null;
  },

  findEvent(x) {
    const near = this.run.events.filter(([tick]) => Math.abs(this.x(tick) - x) < 5);
    return near.map(([tick, text]) => `tick ${tick}: ${text}`).join("\n");
  },

  // What a segment is, and why its lwp waited before it.
  describe(row, i) {
    const run = this.run;
    const [scheduler, chain] = run.chains[row.field(i, CHAIN)];
    const name = run.lwps[row.field(i, LWP)].name;
    const lines = [`${name}, ${row.start[i]} to ${row.end[i]} (${row.end[i] - row.start[i]} ticks)`,
      `${row.cpu.label} \u2190 ${chain}`];
    const why = row.field(i, WHY);
    if (why >= 0) {
      const [ticks, holders, beside] = run.whys[why];
      const by = holders.map(([n, percent]) =>
        `${n < 0 ? "idle cpus" : n === scheduler ? "its own" : run.schedulers[n].name} ${percent}%`);
      lines.push(`waited ${ticks} ticks before: ${by.join(", ")}`);
      if (beside.length) {
        lines.push(beside.map(([reason, idle]) => `${idle} of them beside idle cpus: ${reason}`).join("\n"));
      }
    }
    return lines.join("\n");
  },

  point(text, x, y) {
    const tip = this.tip;
    tip.textContent = text;
    tip.style.display = text ? "block" : "none";
    if (!text) return;
    const over = x + tip.offsetWidth + 24 > this.canvas.clientWidth;
    tip.style.left = Math.max(0, over ? x - tip.offsetWidth - 12 : x + 14) + "px";
    tip.style.top = y + 16 + "px";
  },

  light(lwp) {
    this.lit = this.lit === lwp ? -1 : lwp;
    this.ask();
  },

  // -- keys --------------------------------------------------------------------

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = this.span / 8;
    const keys = {
      ArrowLeft: () => this.go(-1), ArrowRight: () => this.go(1),
      ArrowUp: () => this.climb(-1), ArrowDown: () => this.climb(1),
      "+": () => this.zoom(0.5, this.middle()), "=": () => this.zoom(0.5, this.middle()),
      "-": () => this.zoom(2, this.middle()),
      a: () => this.show(this.left - step, this.span), d: () => this.show(this.left + step, this.span),
      Home: () => this.show(0, this.span), End: () => this.show(this.run.ticks, this.span),
      0: () => this.show(0, this.run.ticks),
      Enter: () => { const row = this.rows[this.row]; if (row && this.at >= 0) this.light(row.field(this.at, LWP)); },
      Escape: () => { this.lit = -1; this.at = -1; this.tip.style.display = "none"; this.ask(); },
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  },

  middle() {
    const row = this.rows[this.row];
    return row && this.at >= 0 ? (row.start[this.at] + row.end[this.at]) / 2 : this.left + this.span / 2;
  },

  // To the segment before or behind, or the first in sight.
  go(by) {
    const row = this.rows[this.row];
    if (!row || !row.count) return;
    this.at = this.at < 0 ? Math.min(row.after(this.left), row.count - 1)
      : Math.min(row.count - 1, Math.max(0, this.at + by));
    this.tell();
  },

  // To another cpu, at the same time.
  climb(by) {
    const tick = this.middle();
    this.row = Math.min(this.rows.length - 1, Math.max(0, this.row + by));
    const row = this.rows[this.row];
    this.at = row && row.count ? Math.min(row.after(tick), row.count - 1) : -1;
    this.tell();
  },

  tell() {
    const row = this.rows[this.row];
    if (this.at < 0) {
      this.said.textContent = `${row.cpu.label} is idle`;
      this.tip.style.display = "none";
      this.ask();
      return;
    }
    const [from, to] = [row.start[this.at], row.end[this.at]];
    if (from < this.left || to > this.left + this.span) {
      this.show((from + to) / 2 - this.span / 2, this.span);
    }
    const text = this.describe(row, this.at);
    this.said.textContent = text.replaceAll("\n", "; ");
    this.point(text, Math.max(this.margin, this.x(from)), this.y(this.row));
    this.ask();
  },
});
