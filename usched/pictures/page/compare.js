"use strict";
// The page of several runs of one workload, side by side.

const compared = JSON.parse(document.getElementById("run").textContent);
const letters = compared.runs.map((_, n) => (compared.runs.length <= 26 ? String.fromCharCode(65 + n) : String(n + 1)));

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});

const runs = document.getElementById("runs");
compared.runs.forEach((each, n) => {
  const item = document.createElement("li");
  const told = compared.lines.filter((line) => n && line.of !== "lwp" && !line.echo);
  const times = (word) => told.filter((line) => line.judged[n - 1] === word).length;
  const verdict = n ? `: ${times("better")} figures better, ${times("worse")} worse` : "";
  item.textContent = `${letters[n]}  ${each.name}, on ${each.machine}, ${each.ticks} ticks${verdict}`;
  runs.append(item);
});

const shown = (value) => (value === null ? null : +value.toPrecision(10));
const columns = [
  { title: "of", get: (line) => line.name || "the run", word: true },
  { title: "", get: (line) => line.of, word: true },
  { title: "figure", get: (line) => line.figure + (line.unit ? ` (${line.unit})` : ""), word: true },
];
compared.runs.forEach((_, n) => {
  columns.push({ title: letters[n], get: (line) => line.values[n], show: shown });
  if (!n) return;
  const signed = (value) => (value > 0 ? "+" : "") + shown(value);
  columns.push({ title: `${letters[n]} - A`, get: (line) => line.differences[n - 1], show: signed,
    mark: (line) => line.judged[n - 1] });
  columns.push({ title: "which is", get: (line) => line.judged[n - 1], word: true,
    mark: (line) => line.judged[n - 1] });
});
columns.push({ title: "how much", get: (line) => line.size, show: (value) => value.toFixed(2) });

const place = document.getElementById("figures");
function fill() {
  const equal = document.getElementById("equal").checked;
  const lwps = document.getElementById("lwps").checked;
  place.replaceChildren();
  makeTable(place, columns, compared.lines.filter((line) => (equal || line.differs)
    && (lwps || line.of !== "lwp") && !line.echo));
}
for (const name of ["equal", "lwps"]) document.getElementById(name).addEventListener("change", fill);
fill();
document.documentElement.dataset.ready = "yes";
