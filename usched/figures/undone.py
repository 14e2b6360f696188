"""What a run did not do: lwps that never forked, events after its last tick, bursts cut short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from usched.words.run import LwpFigures, Run
from usched.words.workload import Event, Program


@dataclass(frozen=True, slots=True)
class Undone:
    """unforked: lwps, or a whole program by its name alone, in workload order. events: the ticks
    of those after the end, in the order written. cut: lwps with a burst that has not ended."""

    unforked: tuple[str, ...]
    events: tuple[int, ...]
    cut: tuple[str, ...]


def find_undone(run: Run, programs: Sequence[Program], events: Sequence[Event]) -> Undone:
    lwps = iter(run.lwps)
    unforked: list[str] = []
    for program in programs:
        own = [next(lwps) for _ in range(program.rforks)]
        unforked += _name_unforked(program, own)
    return Undone(
        tuple(unforked),
        tuple(event.at for event in events if event.at >= run.ticks),
        tuple(lwp.name for lwp in run.lwps if lwp.cut),
    )


def _name_unforked(program: Program, own: Sequence[LwpFigures]) -> list[str]:
    never = [lwp.name for lwp in own if lwp.forked is None]
    return [program.name] if len(never) == len(own) and own else never
