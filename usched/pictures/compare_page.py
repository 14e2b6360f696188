"""Runs side by side as one page of HTML: every figure, in a table that sorts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from usched.figures.compared import ComparedFigure
from usched.pictures.html_page import Frame, dump, format_page
from usched.words.phrases import count
from usched.words.run import Run

#: The files of the page, in the order in which its script takes them.
SCRIPTS = ("tables.js", "compare.js")


class Named(NamedTuple):
    """A run, and what it is called."""

    name: str
    run: Run


def format_compare_page(
    workload: str, runs: Sequence[Named], lines: Sequence[ComparedFigure], parts: Mapping[str, str]
) -> Iterator[str]:
    """lines: the largest changes first. parts: the text of STYLE and of SCRIPTS, by name."""
    title = f"{workload}: {count(len(runs), 'run')} side by side"
    data = {
        "runs": [
            {"name": each.name, "machine": each.run.machine, "ticks": each.run.ticks}
            for each in runs
        ],
        "lines": [_describe(line) for line in lines],
    }
    return format_page(Frame(title, "", _BODY, SCRIPTS), [dump(data)], parts)


def _describe(line: ComparedFigure) -> Mapping[str, object]:
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


_BODY = """\
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
