"""Slices of systemd as control groups, out of the text of their units (systemd.slice(5)), or of
what systemd itself says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from usched.plan.kernel import CPUS
from usched.plan.wanted import Note
from usched.words.cpuset import format_cpu_list, parse_cpu_list
from usched.words.phrases import clip
from usched.words.problems import Line, Problem, Span

#: The slice that all others are in.
ROOT = "-.slice"

#: What systemctl is asked of a slice: what is about cpus, and what is known to be left out.
SHOWN = (
    *("Id", "LoadState", "AllowedCPUs", "CPUWeight", "CPUQuotaPerSecUSec", "AllowedMemoryNodes"),
    *("IOWeight", "MemoryHigh", "MemoryMax", "MemorySwapMax", "TasksMax"),
)

#: What it is asked of services and scopes, which are not adopted.
SHOWN_OF_OTHERS = (*SHOWN[:5], "CPUAffinity")

#: How it says that nothing is set.
_NOT_SET = ("", "[not set]", "infinity")

#: Its units of time, in microseconds.
_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}

_WEIGHT = re.compile(r"[1-9][0-9]{0,3}|10000")

#: Of so many cpus that no machine has more.
_PERCENT = re.compile(r"[0-9]{1,9}(\.[0-9]*)?%")

_LETTERS = "abcdefghijklmnopqrstuvwxyz"

#: That are about when, and not about what.
_IGNORED = ("CPUAccounting", "StartupCPUWeight", "StartupAllowedCPUs")


class SliceText(NamedTuple):
    """unit: `usched-POOL.slice`. label: the file, for errors. A unit's own file comes before what
    is dropped in for it."""

    unit: str
    label: str
    text: str


def parse_slices(
    texts: Iterable[SliceText], tell: Callable[[Problem], None] = lambda _: None
) -> dict[str, dict[str, str]]:
    """What the group of each slice would say, by its path; with those that they stand in. tell: is
    told of each line that systemd ignores, as is done here."""
    said: dict[str, dict[str, str]] = {}
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
            try:
                _take(keys, key, value)
            except ValueError as error:
                span = Span(Line(each.label, number, raw), raw.rindex(value), len(raw.rstrip()))
                tell(Problem(f"systemd ignores this {key}: {error}", span, rule="slice"))
    return _make_groups(said)


def parse_shown(text: str) -> dict[str, dict[str, str]]:
    """The same out of what `systemctl show` says of slices, a paragraph for each. Raises ValueError
    where it says something else."""
    said: dict[str, dict[str, str]] = {}
    for unit, shown in _parse_units(text):
        if not unit.endswith(".slice"):
            raise ValueError(f"{unit} is no slice")
        keys = said[unit] = {}
        for key, value in shown.items():
            if key == "CPUQuota":
                keys[key] = value
            else:
                _take(keys, key, value)
    return _make_groups(said)


def tell_units(text: str) -> Iterator[Note]:
    """What `systemctl show` says that services and scopes have of their own. Raises ValueError as
    parse_shown does."""
    for unit, shown in _parse_units(text):
        for key, value in shown.items():
            what = f"`{value}` is left out: slices are adopted, services and scopes are not"
            yield Note(unit, key, what)


def _parse_units(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The settings of each, as they would stand in its file; of none that is masked, or gone
    meanwhile."""
    for paragraph in filter(None, text.strip().split("\n\n")):
        shown = dict(line.split("=", 1) for line in paragraph.strip().split("\n"))
        unit = shown.pop("Id", "")
        if not unit:
            raise ValueError(f"{paragraph} is no unit")
        if shown.pop("LoadState", "") == "loaded":
            yield unit, dict(_parse_settings(shown))


def _parse_settings(shown: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, value in shown.items():
        if value in _NOT_SET:
            continue
        if key == "CPUQuotaPerSecUSec":
            yield "CPUQuota", f"{_parse_time(value) / 10_000:g}%"
        else:
            yield key, value


def _parse_time(text: str) -> float:
    """Such as `1min 4s` or `1.500000s`, in microseconds. Raises ValueError."""
    total = 0.0
    for word in text.split():
        number = word.rstrip(_LETTERS)
        unit = word[len(number) :]
        if unit not in _UNITS:
            raise ValueError(f"{text} is no time")
        total += float(number) * _UNITS[unit]
    return total


def _make_groups(said: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """said: the settings of each slice. The root one is the machine, and none of ours."""
    groups: dict[str, dict[str, str]] = {}
    for unit, keys in said.items():
        if unit == ROOT:
            continue
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
            if value != "idle" and _WEIGHT.fullmatch(value) is None:
                raise ValueError(f"'{clip(value)}' is neither idle nor a number from 1 to 10000")
            keys[key] = value
        case "CPUQuota":
            if _PERCENT.fullmatch(value) is None or float(value[:-1]) <= 0:
                raise ValueError(f"'{clip(value)}' is no percentage above 0")
            keys[key] = value
        case _ if key not in _IGNORED:
            keys[key] = value


def _files(keys: Mapping[str, str]) -> dict[str, str]:
    """As the group's files would say it; what is not about cpus by its own key."""
    files = {key: text for key, text in keys.items() if key not in _OURS}
    files[CPUS] = keys.get("AllowedCPUs", "")
    weight = keys.get("CPUWeight", "100")
    files["cpu.idle"] = "1" if weight == "idle" else "0"
    files["cpu.weight"] = "100" if weight == "idle" else weight
    quota = keys.get("CPUQuota")
    if quota:
        files["cpu.max"] = f"{round(float(quota[:-1]) * 1000)} 100000"
    return files


_OURS = ("AllowedCPUs", "CPUWeight", "CPUQuota", "CPUQuotaPeriodSec")
