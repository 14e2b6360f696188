"""A workload as the YAML that it is read from (usched.5, "Workload")."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from usched.words.workload import Kill, Program, Workload

#: What YAML 1.1 takes for something else than text.
_AMBIGUOUS = frozenset(("yes", "no", "on", "off", "true", "false", "null"))

_WIDTH = 100


def format_workload(workload: Workload, comments: Iterable[str] = ()) -> Iterator[str]:
    """The pieces of a file that reads back as the same workload, the comments on top.

    Of events only kills are written: no other is ever made by a program.
    """
    for comment in comments:
        for line in comment.splitlines() or [""]:
            yield f"# {make_comment(line)}".rstrip() + "\n"
    yield f"workload: {json.dumps(workload.name, ensure_ascii=False)}\n"
    if workload.hz is not None:
        yield f"hz: {workload.hz}\n"
    yield "programs:\n"
    for program in workload.programs:
        yield from _format_program(program)
    if workload.events:
        yield "events:\n"
    for event in workload.events:
        assert isinstance(event, Kill)
        yield f"  - {{at: {event.at}, kill: {_quote(event.target)}}}\n"


def make_comment(text: str) -> str:
    """Without what YAML does not allow in a file."""
    return "".join(c if c.isprintable() and c < "\ue000" else "?" for c in text)


def _format_program(program: Program) -> Iterator[str]:
    keys = [f"name: {_quote(program.name)}", f"scheduler: {_quote(program.scheduler)}"]
    for key, value, default in (
        ("rforks", program.rforks, 1),
        ("at", program.at, 0),
        ("every", program.every, 0),
    ):
        if value != default:
            keys.append(f"{key}: {value}")
    if len(program.bursts) == 1:
        run, sleep = program.bursts[0]
        keys.append(f"run: {run}")
        if sleep:
            keys.append(f"sleep: {sleep}")
    if program.period is not None:
        keys.append(f"period: {program.period}")
        if program.deadline != program.period:
            keys.append(f"deadline: {program.deadline}")
    if program.repeat != 1:
        keys.append(f"repeat: {'forever' if program.repeat is None else program.repeat}")
    if len(program.bursts) == 1:
        yield f"  - {{{', '.join(keys)}}}\n"
        return
    yield f"  - {{{', '.join(keys)}, bursts: [\n"
    yield from _format_bursts(program.bursts)
    yield "    ]}\n"


def _format_bursts(bursts: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Lines of whole bursts; some hundred at a time, as there may be millions."""
    for start in range(0, len(bursts), 500):
        text = ", ".join(f"[{run},\xa0{sleep}]" for run, sleep in bursts[start : start + 500])
        for line in textwrap.wrap(text, _WIDTH - 7, break_on_hyphens=False):
            yield f"      {line.rstrip(',')},\n".replace("\xa0", " ")


def _quote(word: str) -> str:
    return json.dumps(word) if word.lower() in _AMBIGUOUS else word
