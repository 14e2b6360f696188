"""The files that a run is written to: what each option writes, and how all are written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

from usched.actions.simulate import Simulation
from usched.figures.abridged import count_segments
from usched.words.problems import EnvironmentFailed, Misused, Problem, Refused, UschedError
from usched.words.run import Run
from usched.world.files import STANDARD_INPUT
from usched.world.output_file import OutputFile

#: The text of a run, in pieces.
_Format = Callable[[Simulation, Run], Iterator[str]]


def _format_csv(_simulation: Simulation, run: Run) -> Iterator[str]:
    from usched.text.run_json import format_segments_csv

    return format_segments_csv(run.timeline)


def _format_switches(simulation: Simulation, run: Run) -> Iterator[str]:
    from usched.pictures.sched_switch import format_switches

    return format_switches(simulation.timetable, run)


def _format_perfetto(simulation: Simulation, run: Run) -> Iterator[str]:
    from usched.pictures.perfetto import format_perfetto

    return format_perfetto(simulation.timetable, simulation.workload, run)


def _format_html(simulation: Simulation, run: Run) -> Iterator[str]:
    from usched.pictures.html_page import STYLE
    from usched.pictures.run_page import SCRIPTS, format_run_page
    from usched.world.package_files import read_page_parts

    parts = read_page_parts((STYLE, *SCRIPTS))
    return format_run_page(simulation.timetable, simulation.workload, run, parts)


def _format_svg(simulation: Simulation, run: Run) -> Iterator[str]:
    from usched.pictures.svg import format_svg

    return format_svg(simulation.timetable, simulation.workload, run)


#: By the name of the option.
FORMATS: Mapping[str, _Format] = {
    "csv": _format_csv,
    "html": _format_html,
    "perfetto": _format_perfetto,
    "sched_switch": _format_switches,
    "svg": _format_svg,
}


#: As many segments fit into memory, or into what shows them.
_MOST_SEGMENTS = {"html": 1_000_000, "perfetto": 2_000_000, "sched_switch": 5_000_000}


#: Where vcpus are drawn, through so many ticks of a run that repeats.
_FOLLOWING = ("html", "perfetto")
_MOST_TICKS = 10_000_000


def name_of(option: str) -> str:
    """`--sched-switch` of `sched_switch`."""
    return f"--{option.replace('_', '-')}"


def check_paths(paths: Mapping[str, str], printed: str, at: int | None) -> None:
    """paths: by option. printed: the option that asks for something else on standard output, or "".
    Raises Misused where two want that, or one tick is asked for."""
    wanting = [f"{name_of(option)} -" for option, path in paths.items() if path == STANDARD_INPUT]
    if printed:
        wanting.insert(0, printed)
    if len(wanting) > 1:
        raise Misused(f"{wanting[0]} and {wanting[1]} both want standard output")
    _check_distinct(paths)
    if at is not None and paths:
        option = name_of(next(iter(paths)))
        raise Misused(f"--at prints one tick, {option} writes a whole run: one or the other")


def _check_distinct(paths: Mapping[str, str]) -> None:
    """Raises Misused where two options name one file; a device takes both."""
    taken: dict[str, str] = {}
    for option, path in paths.items():
        first = taken.setdefault(os.path.realpath(path.replace("\0", "")), option)
        if first != option and (os.path.isfile(path) or not os.path.lexists(path)):
            raise Misused(f"{name_of(first)} and {name_of(option)} both name {path}")


def is_printed(paths: Mapping[str, str]) -> bool:
    """Whether one of the files is standard output, which then has no report."""
    return STANDARD_INPUT in paths.values()


class RunFiles:
    """Opened before the run, so that a path that cannot be written is found first."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._stack = ExitStack()
        self._files: dict[str, OutputFile] = {}
        with self._stack:
            for option, path in paths.items():
                self._files[option] = self._stack.enter_context(OutputFile(path))
            self._stack = self._stack.pop_all()

    def __enter__(self) -> RunFiles:
        return self

    def __exit__(self, *_: object) -> None:
        """Those that are not written are gone."""
        self._stack.close()

    def write(self, simulation: Simulation, run: Run) -> UschedError | None:
        """Write each of them; what went wrong, to be told behind the report."""
        problems: list[Problem] = []
        kind: type[UschedError] = EnvironmentFailed
        for option, file in self._files.items():
            try:
                _check_size(option, simulation, run)
                file.write(FORMATS[option](simulation, run))
                file.commit()
            except (EnvironmentFailed, Refused) as trouble:
                kind = type(trouble)
                problems += trouble.problems
        return kind(problems) if problems else None


def _check_size(option: str, simulation: Simulation, run: Run) -> None:
    """What repeats a thousand million times is counted, but cannot be drawn."""
    most = _MOST_SEGMENTS.get(option)
    if most is None:
        return
    has = ""
    if (segments := count_segments(run)) > most:
        has = f"{segments} segments, and {most} can be drawn"
    elif run.ticks > _MOST_TICKS and option in _FOLLOWING and _repeats_vcpus(simulation, run):
        has = f"{run.ticks} ticks, and vcpus can be followed through {_MOST_TICKS}"
    if has:
        what = f"{name_of(option)}: this run has {has}"
        remedy = "draw a part: --ticks N"
        if run.cycle is not None:
            remedy += f" (it repeats every {run.cycle.period} ticks from tick {run.cycle.start})"
        raise Refused(Problem(what, None, remedy, "size"))


def _repeats_vcpus(simulation: Simulation, run: Run) -> bool:
    """Whether ticks were counted that must be dispatched to follow vcpus."""
    virtual = any(each.virtual for each in simulation.timetable.schedulers)
    return (virtual or bool(simulation.timetable.actions)) and any(
        stretch.times > 1 for stretch in run.timeline.stretches
    )
