"""Slices of systemd as control groups, out of the text of their units (systemd.slice(5))."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from usched.words.cpuset import format_cpu_list, parse_cpu_list
from usched.words.problems import Line, Problem, Refused, Span

#: That are about when, and not about what.
_IGNORED = ("CPUAccounting", "StartupCPUWeight", "StartupAllowedCPUs")


class SliceText(NamedTuple):
    """unit: `usched-POOL.slice`. label: the file, for errors. A unit's own file comes before what
    is dropped in for it."""

    unit: str
    label: str
    text: str


def parse_slices(texts: Iterable[SliceText]) -> dict[str, dict[str, str]]:
    """What the group of each slice would say, by its path; with those that they stand in.

    Raises Refused with all lines that cannot be read.
    """
    said: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for each in texts:
        keys = said.setdefault(each.unit, {})
        section = ""
        for number, raw in enumerate(each.text.splitlines(), 1):
            line = raw.strip()
            if line.startswith("["):
                section = line
            if section != "[Slice]" or not line or line[0] in "#;[":
                continue
            key, _, value = (part.strip() for part in line.partition("="))
            where = Line(each.label, number, raw)
            try:
                _take(keys, key, value)
            except ValueError:
                span = Span(where, 0, len(raw))
                problems.append(Problem(f"{key} cannot be read", span, rule="slice"))
    if problems:
        raise Refused(problems)
    groups: dict[str, dict[str, str]] = {}
    for unit, keys in said.items():
        for path in _chain(unit):
            groups.setdefault(path, {})
        groups[_chain(unit)[-1]] = _files(keys)
    return groups


def _chain(unit: str) -> list[str]:
    """`a-b.slice` stands in `a.slice`."""
    words = unit.removesuffix(".slice").split("-")
    names = ["-".join(words[: number + 1]) + ".slice" for number in range(len(words))]
    return ["/".join(names[: number + 1]) for number in range(len(names))]


def _take(keys: dict[str, str], key: str, value: str) -> None:
    """A setting; an empty one takes it back. Raises ValueError."""
    match key:
        case _ if not value:
            keys.pop(key, None)
        case "AllowedCPUs":
            cpus = parse_cpu_list(",".join(value.split()))
            keys[key] = format_cpu_list(parse_cpu_list(keys.get(key, "")) | cpus)
        case "CPUWeight":
            if value != "idle" and not 1 <= int(value) <= 10_000:
                raise ValueError(value)
            keys[key] = value
        case "CPUQuota":
            if not value.endswith("%") or float(value[:-1]) <= 0:
                raise ValueError(value)
            keys[key] = value
        case _ if key not in _IGNORED:
            keys[key] = value


def _files(keys: Mapping[str, str]) -> dict[str, str]:
    """As the group's files would say it; what is not about cpus by its own key."""
    files = {key: text for key, text in keys.items() if key not in _OURS}
    files["cpuset.cpus"] = keys.get("AllowedCPUs", "")
    weight = keys.get("CPUWeight", "100")
    files["cpu.idle"] = "1" if weight == "idle" else "0"
    files["cpu.weight"] = "100" if weight == "idle" else weight
    quota = keys.get("CPUQuota")
    if quota:
        files["cpu.max"] = f"{round(float(quota[:-1]) * 1000)} 100000"
    return files


_OURS = ("AllowedCPUs", "CPUWeight", "CPUQuota", "CPUQuotaPeriodSec")
