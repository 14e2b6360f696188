"""A run as one page of HTML that needs nothing else: no network, no other file.

What the page shows is in it as JSON, and its script draws that. A segment is five numbers: the
ticks since the one before it on its cpu, its length, its lwp, the way down to it, and why the lwp
waited right before; the last three are places in lists, since the same come again and again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from usched.figures.abridged import spell_out
from usched.figures.account_records import record_accounts
from usched.figures.accounts import take_account
from usched.figures.chains import Passage, trace_vcpus
from usched.figures.lives import Life, follow_all
from usched.figures.waiting import NOBODY, Blame, explain_each_wait
from usched.meaning.epochs import Epoch, list_epochs
from usched.meaning.timetable import Redeclaration, Timetable
from usched.pictures.colours import colour_of, stripes_of, text_on
from usched.pictures.happenings import describe_event
from usched.pictures.html_page import Frame, dump, format_page
from usched.text.language.canonical import format_statement
from usched.words.cpuset import format_cpus
from usched.words.phrases import count
from usched.words.run import Run
from usched.words.statement import lineage
from usched.words.workload import Workload

#: The files of the page, in the order in which its script takes them.
SCRIPTS = ("timeline.js", "reading.js", "tables.js", "run.js")

#: Of those in the way of a wait, so many are named.
_NAMED = 3

_REASONS = {"locked": "locked elsewhere", "vcpus": "no vcpu free", "pool": "not in its pool"}


def format_run_page(
    timetable: Timetable, workload: Workload, run: Run, parts: Mapping[str, str]
) -> Iterator[str]:
    """parts: the text of STYLE and of SCRIPTS, by name."""
    seconds = f"{run.ticks / run.hz:.10g} s"
    title = f"{workload.name} on {run.machine}"
    about = f"{count(len(run.cpus), 'cpu')}, {count(run.ticks, 'tick')} at {run.hz} Hz ({seconds})"
    drawing = _Drawing(timetable, workload, run)
    return format_page(Frame(title, about, _BODY, SCRIPTS), drawing.format_json(), parts)


@dataclass(slots=True)
class _Places:
    """Values by the place at which each stands in a list, once."""

    places: dict[Any, int] = field(default_factory=dict)

    def of(self, value: object) -> int:
        return self.places.setdefault(value, len(self.places))

    def values(self) -> list[Any]:
        return list(self.places)


class _Drawing:
    def __init__(self, timetable: Timetable, workload: Workload, run: Run) -> None:
        self.timetable = timetable
        self.workload = workload
        self.run = run
        self.told = spell_out(run)
        self.lives = follow_all(timetable, run, self.told)
        self.epochs = list_epochs(timetable)
        self.schedulers = {each.name: n for n, each in enumerate(run.schedulers)}
        self.chains = _Places()
        self.whys = _Places()
        self.reasons = _tell_waits(self.lives, self.epochs, self)
        self.passages: dict[str, list[Passage]] = {}
        for passage in trace_vcpus(timetable, run.ticks):
            self.passages.setdefault(passage.lwp, []).append(passage)
        for each in self.passages.values():
            each.sort(key=lambda passage: passage.start)

    def format_json(self) -> Iterator[str]:
        """`<` is escaped: nothing in it can end the script that holds it."""
        run = self.run
        yield f'{{"ticks":{run.ticks},"hz":{run.hz},"cpus":['
        nodes = _Places()
        for n, cpu in enumerate(self.timetable.topology.cpus):
            head = {
                "label": f"cpu{cpu.number}",
                "group": nodes.of((cpu.socket, cpu.node)),
                "offline": run.offline.get(cpu.number, ()),
            }
            segments = ",".join(map(str, self.list_segments(cpu.number)))
            yield f'{"," if n else ""}{dump(head)[:-1]},"segments":[{segments}]}}'
        yield "]"
        accounts = take_account(self.timetable, run)
        rest = {
            "lwps": [{"name": lwp.name} for lwp in run.lwps],
            "chains": self.chains.values(),
            "whys": self.whys.values(),
            "events": [(e.at, describe_event(e)) for e in self.workload.events],
            "schedulers": list(self.describe_schedulers()),
            "figures": record_accounts(accounts),
        }
        for key, value in rest.items():
            yield f',"{key}":{dump(value)}'
        yield "}"

    def list_segments(self, cpu: int) -> Iterator[int]:
        now = 0
        for start, end, lwp in self.run.timeline.on_cpu(cpu):
            why = self.reasons.get((lwp, start), -1)
            for begins, ends, chain in self.follow_chain(cpu, start, end, lwp):
                yield from (begins - now, ends - begins, lwp, self.chains.of(chain), why)
                now = ends
                why = -1

    def follow_chain(
        self, cpu: int, start: int, end: int, lwp: int
    ) -> Iterator[tuple[int, int, tuple[int, str]]]:
        """A segment by the way down to its lwp."""
        passages = self.passages.get(self.run.timeline.lwps[lwp], [])
        first = max(0, bisect_right(passages, start, key=lambda each: each.start) - 1)
        while first and passages[first - 1].end > start:
            first -= 1
        there = []
        for each in passages[first:]:
            if each.start >= end:
                break
            if each.end > start and each.cpu == cpu:
                there.append(each)
        for begins, ends, scheduler in self.lives[lwp].split(start, end):
            cuts = sorted({begins, ends, *(t for e in there for t in e[2:4] if begins < t < ends)})
            pieces: list[tuple[int, int, tuple[int, str]]] = []
            for at, until in pairwise(cuts):
                vcpus = {e.scheduler: e.vcpu for e in there if e.start <= at < e.end}
                hops = [
                    f"{name} vcpu{vcpus[name]}" if name in vcpus else name
                    for name in reversed(list(lineage(scheduler)))
                ]
                chain = self.schedulers[scheduler], " \N{LEFTWARDS ARROW} ".join(hops)
                if pieces and pieces[-1][2] == chain:
                    pieces[-1] = pieces[-1][0], until, chain
                else:
                    pieces.append((at, until, chain))
            yield from pieces

    def describe_schedulers(self) -> Iterator[Mapping[str, object]]:
        """Each as it was declared last."""
        declared = {each.name: each.declare for each in self.timetable.schedulers}
        for action in self.timetable.actions:
            if isinstance(action, Redeclaration):
                after = (each.after for each in action.changes)
                declared |= {each.name: each.declare for each in after if each is not None}
        drawn = sorted({number for number, _ in self.chains.values()})
        colours = {number: colour for colour, number in enumerate(drawn)}
        for name, number in self.schedulers.items():
            reach = self.timetable.reach[name]
            yield {
                "name": name,
                "statement": format_statement(declared[name]),
                "about": f"reaches {format_cpus(reach)}",
                **_describe_colour(colours.get(number)),
            }


def _describe_colour(number: int | None) -> Mapping[str, object]:
    """None for a scheduler that nobody ran in."""
    if number is None:
        return {"paint": None}
    return {"paint": colour_of(number), "stripes": stripes_of(number), "text": text_on(number)}


def _tell_waits(
    lives: Sequence[Life], epochs: Sequence[Epoch], drawing: _Drawing
) -> dict[tuple[int, int], int]:
    """By lwp and the tick at which it ran again, why it had waited until then."""
    found: dict[tuple[int, int], int] = {}
    for lwp, blames in enumerate(explain_each_wait(lives, epochs, drawing.told)):
        since, until, whole = 0, -1, Blame()
        for wait, blame in zip(lives[lwp].waits, blames, strict=True):
            if wait.start != until:
                since, whole = wait.start, Blame()
            whole.add(blame)
            until = wait.end
            found[lwp, until] = drawing.whys.of(_tell(whole, until - since, drawing.schedulers))
    return found


def _tell(blame: Blame, ticks: int, schedulers: Mapping[str, int]) -> object:
    by = sorted(blame.by.items(), key=lambda item: -item[1])[:_NAMED]
    holders = tuple(
        (-1 if name == NOBODY else schedulers[name], round(100 * share / ticks))
        for name, share in by
    )
    beside = tuple((_REASONS[why], idle) for why, idle in sorted(blame.beside.items()))
    return ticks, holders, beside


_BODY = """\
<main>
<h2 id="cpus-head">Who ran where</h2>
<ul id="keys" aria-label="Schedulers by colour"></ul>
<div class="tools">
<button type="button" id="zoom-in">zoom in</button>
<button type="button" id="zoom-out">zoom out</button>
<button type="button" id="whole">the whole run</button>
<span class="faint">wheel: zoom, drag: move, click: one lwp;
keys: <kbd>&larr;</kbd> <kbd>&rarr;</kbd> segments, <kbd>&uarr;</kbd> <kbd>&darr;</kbd> cpus,
<kbd>+</kbd> <kbd>-</kbd> zoom, <kbd>a</kbd> <kbd>d</kbd> move, <kbd>0</kbd> whole,
<kbd>Enter</kbd> one lwp, <kbd>Esc</kbd></span>
</div>
<div id="stage">
<canvas id="timeline" tabindex="0" role="application" aria-labelledby="cpus-head"
aria-describedby="said"></canvas>
<div id="tip"></div>
</div>
<p id="said" role="status" aria-live="polite" class="faint"></p>
<h2>Schedulers</h2>
<div id="tree"></div>
<h2>Figures of the schedulers</h2>
<div class="wide" id="schedulers"></div>
<h2>Programs</h2>
<div class="wide" id="programs"></div>
<details open><summary>Lwps</summary>
<div class="wide" id="lwps"></div>
</details>
<p class="faint">Times are ticks. Response: from when a burst was due to its end; wake to run: from
an arrival until the lwp runs. Wanted: of the scheduler's cpus, those that its lwps and what is
beneath it could use. Fair: Jain's index of what its own lwps got of what they wanted. Beside idle:
ticks of waiting while a cpu idled that it could not use.</p>
</main>
"""
