"use strict";
// The page of a run.

const run = JSON.parse(document.getElementById("run").textContent);
const timeline = new Timeline(run, document.getElementById("timeline"),
  document.getElementById("tip"), document.getElementById("said"));

// -- light and dark -------------------------------------------------------------

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  timeline.ask();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => timeline.ask());

document.getElementById("zoom-in").addEventListener("click", () => timeline.zoom(0.5));
document.getElementById("zoom-out").addEventListener("click", () => timeline.zoom(2));
document.getElementById("whole").addEventListener("click", () => timeline.show(0, run.ticks));

// -- what the colours mean --------------------------------------------------------

const keys = document.getElementById("keys");
run.schedulers.forEach((scheduler) => {
  if (scheduler.paint === null) return;
  const item = document.createElement("li");
  const swatch = document.createElement("canvas");
  swatch.width = 22;
  swatch.height = 14;
  const pen = swatch.getContext("2d");
  const kind = scheduler.stripes;
  pen.fillStyle = scheduler.paint;
  pen.fillRect(0, 0, 22, 14);
  pen.fillStyle = "#0008";
  for (let x = 0; kind && x < 22; x++) {
    for (let y = 0; y < 14; y++) if (isStriped(kind, x, y)) pen.fillRect(x, y, 1, 1);
  }
  item.append(swatch, scheduler.name);
  keys.append(item);
});

// -- the tree ---------------------------------------------------------------------

function drawTree(parent) {
  const inside = run.schedulers.filter((each) => each.name.replace(/\/?[^/]*$/, "") === parent);
  if (!inside.length) return null;
  const list = document.createElement("ul");
  list.className = "tree";
  for (const each of inside) {
    const item = document.createElement("li");
    const said = document.createElement("code");
    said.textContent = each.statement;
    const about = document.createElement("span");
    about.className = "faint";
    about.textContent = ` ${each.about}`;
    item.append(said, about);
    const beneath = drawTree(each.name);
    if (beneath) item.append(beneath);
    list.append(item);
  }
  return list;
}
const tree = drawTree("");
if (tree) document.getElementById("tree").append(tree);

// -- the tables -------------------------------------------------------------------

const ticks = Math.max(1, run.ticks);
const percent = (part, whole) => (whole ? 100 * part / whole : null);
const oneDigit = (value) => value.toFixed(1) + "%";
const spreads = (title, of) => [
  { title: `${title} p50`, get: (each) => of(each)?.p50 }, { title: "p90", get: (each) => of(each)?.p90 },
  { title: "p99", get: (each) => of(each)?.p99 }, { title: "max", get: (each) => of(each)?.max },
  { title: "histogram", get: (each) => of(each)?.mean, draw: (each) => spark(of(each)), word: true },
];
const common = [
  ...spreads("response", (each) => each.response),
  ...spreads("wake to run", (each) => each.wake),
  { title: "missed", get: (each) => each.misses },
  { title: "waited", get: (each) => each.waited },
  { title: "because of", get: (each) => holders(each), word: true },
  { title: "beside idle", get: (each) => Object.values(each.waited_beside_idle).reduce((a, b) => a + b, 0) },
  { title: "preempted", get: (each) => each.preemptions },
  { title: "migrations", get: (each) => Object.values(each.migrations).reduce((a, b) => a + b, 0) },
];

function holders(each) {
  return each.waited_for.slice(0, 3).map(({ scheduler, ticks }) =>
    `${scheduler || "idle cpus"} ${oneDigit(percent(ticks, each.waited))}`).join(", ");
}

const share = { title: "of the cpus", get: (each) => percent(each.ran, ticks), show: oneDigit };
makeTable(document.getElementById("schedulers"), [
  { title: "scheduler", get: (each) => each.name, word: true },
  { title: "lwps", get: (each) => each.lwps },
  { title: "cpus", get: (each) => each.promised / ticks, show: (value) => +value.toFixed(2) },
  { title: "wanted", get: (each) => each.wanted / ticks, show: (value) => value.toFixed(2) },
  { title: "got", get: (each) => each.got / ticks, show: (value) => value.toFixed(2) },
  { title: "of it", get: (each) => percent(each.got, each.wanted), show: oneDigit },
  { title: "fair", get: (each) => each.fairness, show: (value) => value.toFixed(3) },
  { title: "queue", get: (each) => each.queue?.mean, show: (value) => value.toFixed(2) },
  { title: "longest", get: (each) => each.queue?.max },
  ...common,
], run.figures.schedulers);
for (const of of ["programs", "lwps"]) {
  makeTable(document.getElementById(of), [
    { title: of.slice(0, -1), get: (each) => each.name, word: true },
    { title: "scheduler", get: (each) => each.scheduler, word: true },
    { ...share, title: "ran, of a cpu" },
    ...common,
  ], run.figures[of]);
}
document.documentElement.dataset.ready = "yes";
