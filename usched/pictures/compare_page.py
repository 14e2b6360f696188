"""Runs side by side as one page of HTML: every figure, in a table that sorts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from usched.figures.compared import Line
from usched.words.phrases import count
from usched.words.run import Run

#: The files of the page, in the order in which its script takes them.
SCRIPTS = ("tables.js", "compare.js")
STYLE = "page.css"


class Named(NamedTuple):
    """A run, and what it is called."""

    name: str
    run: Run


def format_compare_page(
    workload: str, runs: Sequence[Named], lines: Sequence[Line], parts: Mapping[str, str]
) -> Iterator[str]:
    """lines: the largest changes first. parts: the text of STYLE and of SCRIPTS, by name."""
    title = f"{workload}: {count(len(runs), 'run')} side by side"
    yield _HEAD.format(title=escape(title), style=parts[STYLE])
    data = {
        "runs": [
            {"name": each.name, "machine": each.run.machine, "ticks": each.run.ticks}
            for each in runs
        ],
        "lines": [_describe(line) for line in lines],
    }
    yield '<script type="application/json" id="run">'
    yield json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    yield "</script>\n<script>\n"
    for name in SCRIPTS:
        yield parts[name].replace('"use strict";\n', "", 1)
    yield "</script>\n</body>\n</html>\n"


def _describe(line: Line) -> Mapping[str, object]:
    others = range(1, len(line.values))
    return {
        "of": line.of,
        "name": line.name,
        "figure": line.figure.name,
        "unit": line.figure.unit,
        "values": line.values,
        "differences": [line.difference(number) for number in others],
        "judged": [line.judge(number) for number in others],
        "differs": line.differs,
        "echo": line.echo,
        "size": round(line.size(), 4),
    }


_HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<button type="button" id="theme">light / dark</button>
</header>
<main>
<ul class="tree" id="runs"></ul>
<div class="tools">
<label><input type="checkbox" id="equal"> what is the same, too</label>
<label><input type="checkbox" id="lwps"> each lwp, too</label>
</div>
<div class="wide" id="figures"></div>
<p class="faint">The largest changes stand first. How much: a ratio, in which small numbers count
for little. Shorter waits and latencies, fewer migrations, preemptions and missed deadlines, and
more of the cpus that were wanted are better.</p>
</main>
"""
