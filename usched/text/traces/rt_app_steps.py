"""The events of an rt-app task as steps: it runs, it sleeps, it waits for the turn of a timer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from usched.text.json_pairs import Node, Pair
from usched.words.problems import Problem, Refused, Span
from usched.words.statement import MAX_TICKS

#: What a task's steps may come to before it repeats.
MAX_STEPS = 200_000

#: Events by the beginnings of their keys, the longer ones first: `run0` is a `run`.
EVENTS = (
    *("runtime", "run", "sleep", "timer", "lock", "unlock", "wait", "signal", "broad", "sync"),
    *("suspend", "resume", "barrier", "yield", "fork", "mem", "iorun"),
)

#: Events that stop a task until another one lets it go on.
BLOCKING = ("wait", "sync", "suspend", "barrier")


class Step(NamedTuple):
    """kind: `run`, `sleep` or `timer`; us: of running, sleeping, or the timer's period."""

    kind: str
    us: int


class Phase(NamedTuple):
    """steps: gone through `loop` times, None for ever. blocks: it waits for others."""

    steps: tuple[Step, ...]
    loop: int | None
    blocks: bool
    span: Span


def whole(node: Node, what: str, low: int, high: int = MAX_TICKS) -> int:
    """A whole number in [low, high]. Raises Refused with the place."""
    value = node.value
    if node.kind != "number" or not isinstance(value, int):
        raise refused(f"{what} must be a whole number, not {node.describe()}", node.span)
    if not low <= value <= high:
        shown = value if abs(value) < 10**20 else "a number of over 20 digits"
        raise refused(f"{what} must be {low} to {high}, not {shown}", node.span)
    return value


def refused(what: str, where: Span, remedy: str = "") -> Refused:
    return Refused(Problem(what, where, remedy, "rt-app"))


def event_of(key: str) -> str | None:
    """The event that a key stands for, whatever is behind its name."""
    if key == "membind_nodes":
        return None
    return next((event for event in EVENTS if key.startswith(event)), None)


def read_loop(node: Node, what: str) -> int | None:
    """-1 is for ever."""
    number = whole(node, f"loop of {what}", -1)
    return None if number == -1 else number


def read_steps(pairs: Sequence[Pair], what: str, dropped: dict[str, int]) -> Iterator[Step]:
    for key, _, node in pairs:
        event = event_of(key)
        match event:
            case "run" | "runtime":
                yield Step("run", whole(node, f"{key} of {what}", 0))
            case "sleep":
                yield Step("sleep", whole(node, f"{key} of {what}", 0))
            case "timer":
                yield Step("timer", _read_period(node, f"{key} of {what}"))
            case None:
                pass
            case _:
                dropped[event] = dropped.get(event, 0) + 1


def _read_period(node: Node, what: str) -> int:
    if node.kind != "object":
        remedy = '"timer": {"ref": "unique", "period": 20000}'
        raise refused(f"{what} must be an object, not {node.describe()}", node.span, remedy)
    periods = [pair.node for pair in node.pairs() if pair.key == "period"]
    if not periods:
        raise refused(f"{what} has no 'period'", node.span)
    return whole(periods[-1], f"period of {what}", 0)


def lay_out(phases: Sequence[Phase], what: str) -> list[Step]:
    """All phases behind one another, each as often as it loops (for ever: once)."""
    steps: list[Step] = []
    for phase in phases:
        many = 1 if phase.loop is None else phase.loop
        if len(steps) + len(phase.steps) * many > MAX_STEPS:
            said = f"{what} comes to over {MAX_STEPS} steps before it repeats"
            raise refused(said, phase.span)
        steps.extend(phase.steps * many)
    return steps


def join_alike(steps: Sequence[Step]) -> list[Step]:
    """Runs behind one another as one, and so for sleeps; what takes no time is gone."""
    joined: list[Step] = []
    for step in steps:
        if not step.us:
            continue
        if joined and joined[-1].kind == step.kind != "timer":
            joined[-1] = Step(step.kind, joined[-1].us + step.us)
        else:
            joined.append(step)
    return joined


def to_bursts(steps: Sequence[Step]) -> tuple[int, list[tuple[int, int]]]:
    """Sleep before the first run, and (run, sleep) pairs. A timer is the sleep that is left of its
    period when nothing is late."""
    lead = since = 0
    bursts: list[list[int]] = []
    for step in steps:
        us = max(0, step.us - since) if step.kind == "timer" else step.us
        since = 0 if step.kind == "timer" else since + us
        if step.kind == "run":
            if bursts and not bursts[-1][1]:
                bursts[-1][0] += us
            elif us:
                bursts.append([us, 0])
        elif bursts:
            bursts[-1][1] += us
        else:
            lead += us
    return lead, [(run, sleep) for run, sleep in bursts]
