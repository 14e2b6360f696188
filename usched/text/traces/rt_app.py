"""rt-app's files: what each task runs and sleeps (rt-app, doc/tutorial.txt)."""

from __future__ import annotations

from collections.abc import Sequence

from usched.text.json_pairs import Node, Pair, parse_json
from usched.text.traces.rt_app_steps import (
    BLOCKING,
    MAX_STEPS,
    Phase,
    event_of,
    join_alike,
    lay_out,
    read_loop,
    read_steps,
    refused,
    to_bursts,
    whole,
)
from usched.words.cpuset import MAX_CPU, NO_CPUS, CpuSet
from usched.words.phrases import clip
from usched.words.problems import Span
from usched.words.rt_app import POLICIES, RtApp, Task

MAX_INSTANCES = 100_000

#: A burst of a task that never sleeps is at least so long: 1,000 s.
_LONG = 1_000_000_000

#: Properties with no equivalent; `cpus` and `policy` choose a scheduler where a rule says so.
_WITHOUT = (
    *("priority", "util_min", "util_max", "membind_nodes", "nodes_membind", "taskgroup"),
    *("dl-runtime", "dl-period"),
)
_OWN = ("instance", "delay", "phases", "loop", "policy", "cpus", "dl-deadline", *_WITHOUT)


def parse_rt_app(text: str, label: str) -> RtApp:
    """Read an rt-app file. Raises Refused with the place."""
    root = parse_json(text, label, bare=("suspend",))  # workgen gives it a value
    if root.kind != "object":
        raise refused(f"an rt-app file is an object, not {root.describe()}", root.span)
    tasks = _last(root, "tasks")
    if tasks is None:
        remedy = 'it begins so: {"tasks": {"thread0": {"loop": -1, "run": 2000, "sleep": 8000}}}'
        raise refused("this JSON has no 'tasks', so it is no rt-app file", root.span, remedy)
    if tasks.kind != "object":
        raise refused(f"tasks must be an object, not {tasks.describe()}", tasks.span)
    reader = _Reader(_last(root, "global"))
    read = [task for pair in tasks.pairs() if (task := reader.task(pair)) is not None]
    return RtApp(tuple(read), reader.duration, reader.dropped, tuple(reader.told))


def _last(node: Node, key: str) -> Node | None:
    return next((pair.node for pair in reversed(node.pairs()) if pair.key == key), None)


class _Reader:
    """Goes through the tasks; gathers what has no equivalent."""

    def __init__(self, settings: Node | None) -> None:
        self.dropped: dict[str, int] = {}
        self.told: list[str] = []
        self.duration: int | None = None
        self.policy = "SCHED_OTHER"
        if settings is not None:
            self._read_global(settings)

    def _read_global(self, settings: Node) -> None:
        if settings.kind != "object":
            raise refused(f"global must be an object, not {settings.describe()}", settings.span)
        duration = _last(settings, "duration")
        if duration is not None:
            seconds = whole(duration, "duration of global", -1, 10**9)
            self.duration = seconds * 1_000_000 if seconds > 0 else None
        policy = _last(settings, "default_policy")
        if policy is not None:
            self.policy = _read_policy(policy, "default_policy of global")

    def task(self, pair: Pair) -> Task | None:
        """One task, or None for one that cannot be in a workload; why is told."""
        what = f"task '{clip(pair.key)}'"
        if pair.node.kind != "object":
            raise refused(f"{what} must be an object, not {pair.node.describe()}", pair.node.span)
        node = pair.node
        if any(_last(node, key) is not None for key in ("exec", "lock_order")):
            said = f"{what} is in rt-app's first grammar (exec, lock_order), which is not read"
            raise refused(said, node.span, "of today it is: run, sleep, timer, lock, ...")
        for key in dict.fromkeys(each.key for each in node.pairs()):
            if key in _WITHOUT or (key not in _OWN and event_of(key) is None):
                self._drop(key)
        instances = self._number(node, "instance", what, 1, MAX_INSTANCES)
        delay = self._number(node, "delay", what, 0)
        policy, cpus = self._place(node, what)
        phases = self._phases(node, what)
        loop_node = _last(node, "loop")
        loop = None if loop_node is None else read_loop(loop_node, what)
        if instances == 0 or loop == 0:
            self.told.append(f"{what} is left out: it has no {'loop' if instances else 'instance'}")
            return None
        made = self._bursts(phases, loop, what)
        if made is None:
            return None
        lead, bursts, repeat, period = made
        deadline = self._number(node, "dl-deadline", what, period or 0) if period else None
        if period is None and _last(node, "dl-deadline") is not None:
            self._drop("dl-deadline")
        return Task(
            pair.key,
            instances,
            delay + lead,
            tuple(bursts),
            repeat,
            period,
            deadline,
            policy,
            cpus,
        )

    def _place(self, node: Node, what: str) -> tuple[str, CpuSet]:
        """Policy and affinity."""
        policy, cpus = _last(node, "policy"), _last(node, "cpus")
        return (
            self.policy if policy is None else _read_policy(policy, f"policy of {what}"),
            NO_CPUS if cpus is None else _read_cpus(cpus, what),
        )

    def _number(self, node: Node, key: str, what: str, default: int, high: int = 10**15) -> int:
        found = _last(node, key)
        return default if found is None else whole(found, f"{key} of {what}", 0, high)

    def _drop(self, key: str) -> None:
        self.dropped[key] = self.dropped.get(key, 0) + 1

    def _phases(self, node: Node, what: str) -> list[Phase]:
        phases = _last(node, "phases")
        if phases is None:
            return [self._phase(node.pairs(), what, 1, node.span)]
        for key in (pair.key for pair in node.pairs()):
            if key not in _OWN and event_of(key) is not None:
                self._drop(f"{key} beside phases")
        if phases.kind != "object":
            raise refused(
                f"phases of {what} must be an object, not {phases.describe()}", phases.span
            )
        found = []
        for pair in phases.pairs():
            name = f"phase '{clip(pair.key)}' of {what}"
            if pair.node.kind != "object":
                said = f"{name} must be an object, not {pair.node.describe()}"
                raise refused(said, pair.node.span)
            for key in dict.fromkeys(each.key for each in pair.node.pairs()):
                if key != "loop" and event_of(key) is None:
                    self._drop(f"{key} of a phase")
            loop = _last(pair.node, "loop")
            many = 1 if loop is None else read_loop(loop, name)
            found.append(self._phase(pair.node.pairs(), name, many, pair.node.span))
        return found

    def _phase(self, pairs: Sequence[Pair], what: str, loop: int | None, span: Span) -> Phase:
        steps = tuple(read_steps(pairs, what, self.dropped))
        blocks = any(event_of(pair.key) in BLOCKING for pair in pairs)
        return Phase(steps, loop, blocks, span)

    def _bursts(
        self, phases: list[Phase], loop: int | None, what: str
    ) -> tuple[int, list[tuple[int, int]], int | None, int | None] | None:
        """Sleep before the first burst, bursts, how often, and the period."""
        endless = next((n for n, phase in enumerate(phases) if phase.loop is None), None)
        if endless is not None:  # what stands behind it is never reached
            phases, loop = phases[: endless + 1], None
            if endless:
                phases, loop = self._unroll(phases, what), 1
        steps = join_alike(lay_out(phases, what))
        turns = list(zip(steps[::2], steps[1::2], strict=False))
        is_periodic = (
            len(steps) % 2 == 0
            and len(set(turns)) == 1
            and (turns[0][0].kind, turns[0][1].kind) == ("run", "timer")
        )
        if is_periodic:
            run, timer = turns[0]
            times = None if loop is None else loop * len(turns)
            return 0, [(run.us, 0)], times, timer.us
        lead, bursts = to_bursts(steps)
        if not bursts:
            self.told.append(f"{what} is left out: it never runs")
            return None
        is_restless = not lead and not any(sleep for _, sleep in bursts)
        if loop is None and is_restless and any(phase.blocks for phase in phases):
            said = "it waits for other tasks only, and would run for ever"
            self.told.append(f"{what} is left out: {said}")
            return None
        if any(step.kind == "timer" for step in steps):
            said = "are replayed as the sleeps that they are where nothing is late"
            self.told.append(f"the timers of {what} {said}")
        if is_restless:  # one long burst
            ran = sum(run for run, _ in bursts)
            times = loop or _LONG // ran + 1
            return 0, [(ran * times, 0)], loop and 1, None
        if loop != 1:  # the sleep in front comes again behind the last burst
            bursts[-1] = (bursts[-1][0], bursts[-1][1] + lead)
        return lead, bursts, loop, None

    def _unroll(self, phases: list[Phase], what: str) -> list[Phase]:
        """An endless phase behind others, as often as it can come within the duration."""
        last = phases[-1]
        if self.duration is None:
            said = f"a phase of {what} loops for ever behind others"
            raise refused(said, last.span, "give global a duration in seconds to end it by")
        lead, bursts = to_bursts(last.steps)
        length = max(1, lead + sum(run + sleep for run, sleep in bursts))
        times = min(self.duration // length + 1, MAX_STEPS)
        return [*phases[:-1], last._replace(loop=times)]


def _read_policy(node: Node, what: str) -> str:
    if node.kind != "text" or node.value not in POLICIES:
        said = f"{what} must be one of {', '.join(POLICIES)}, not {node.describe()}"
        raise refused(said, node.span)
    return str(node.value)


def _read_cpus(node: Node, what: str) -> CpuSet:
    if node.kind != "array":
        raise refused(f"cpus of {what} must be an array, not {node.describe()}", node.span)
    return CpuSet.of(whole(each, f"a cpu of {what}", 0, MAX_CPU) for each in node.items())
