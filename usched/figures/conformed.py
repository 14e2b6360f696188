"""What a kernel did with a workload beside what the simulator says: shares, waits, migrations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from usched.figures.compared import ComparedFigure, Figure
from usched.meaning.timetable import Timetable
from usched.words.run import Run


class Did(NamedTuple):
    """What an lwp did. ran, waited: as parts of the whole length. migrations: None for unknown."""

    ran: float
    waited: float
    migrations: int | None


SHARE = Figure("share", "%", 0)
WAITED = Figure("waited", "%", 0)
MIGRATIONS = Figure("migrations", "", 0)


def list_deeds(run: Run) -> list[Did]:
    """Of a simulated run, by the index of the lwp."""
    return [
        Did(each.ran / run.ticks, each.waited / run.ticks, each.migrations) for each in run.lwps
    ]


def hold_against(
    timetable: Timetable, simulated: Sequence[Did], real: Sequence[Did]
) -> list[ComparedFigure]:
    """For each scheduler that lwps begin in, then for each lwp, the figures, simulated and real.

    A share is of one cpu; that of a scheduler of all the cpus that it can reach, with what is
    beneath it. waited is of the length of the run, a scheduler's the mean of those lwps.
    """
    sides = (simulated, real)
    owners = [each.scheduler for each in timetable.programs for _ in range(each.rforks)]
    lines: list[ComparedFigure] = []
    for name in timetable.reach:
        own = [n for n, owner in enumerate(owners) if f"{owner}/".startswith(f"{name}/")]
        if own:
            cpus = len(timetable.reach[name])
            did = [_sum_up([side[n] for n in own], cpus) for side in sides]
            lines += _lines("scheduler", name, did)
    numbers = iter(range(len(owners)))
    for program in timetable.programs:
        for number in range(program.rforks):
            index = next(numbers)
            did = [side[index] for side in sides]
            lines += _lines("lwp", f"{program.name}.{number}", did)
    return lines


def _sum_up(deeds: Sequence[Did], cpus: int) -> Did:
    moves = [each.migrations for each in deeds if each.migrations is not None]
    return Did(
        sum(each.ran for each in deeds) / cpus,
        sum(each.waited for each in deeds) / len(deeds),
        sum(moves) if len(moves) == len(deeds) else None,
    )


def _lines(of: str, name: str, did: Sequence[Did]) -> Iterator[ComparedFigure]:
    yield ComparedFigure(of, name, SHARE, tuple(round(100 * each.ran, 2) for each in did))
    yield ComparedFigure(of, name, WAITED, tuple(round(100 * each.waited, 2) for each in did))
    yield ComparedFigure(of, name, MIGRATIONS, tuple(each.migrations for each in did))


def find_largest(lines: Sequence[ComparedFigure]) -> ComparedFigure:
    """Whose share differs most; of equals the first."""
    shares = (line for line in lines if line.figure is SHARE)
    return max(shares, key=lambda line: abs(points(line)))


def points(line: ComparedFigure) -> float:
    """By how much Linux's figure is above the simulated one."""
    return round(line.difference(1) or 0.0, 2)


def describe_share(line: ComparedFigure) -> str:
    """`web.0 has 33.3% simulated, and 31.2% on Linux`."""
    simulated, real = line.values
    return f"{line.name} has {simulated:.4g}% simulated, and {real:.4g}% on Linux"


def record_lines(lines: Sequence[ComparedFigure]) -> dict[str, object]:
    """For JSON (usched.5, "Beside Linux")."""
    largest = find_largest(lines)
    return {
        "largest": {"of": largest.of, "name": largest.name, "points": points(largest)},
        "schedulers": list(_record_of("scheduler", lines)),
        "lwps": list(_record_of("lwp", lines)),
    }


def _record_of(of: str, lines: Sequence[ComparedFigure]) -> Iterator[dict[str, object]]:
    own = [line for line in lines if line.of == of]
    for name in dict.fromkeys(line.name for line in own):
        figures = {line.figure.name: line.values for line in own if line.name == name}
        sides = zip(("simulated", "linux"), range(2), strict=True)
        yield {
            "name": name,
            **{
                side: {figure: values[at] for figure, values in figures.items()}
                for side, at in sides
            },
        }
