"""What can be wrong, and the three kinds of trouble kept apart.

A `Problem` is a value: what is wrong, where, what is allowed and what to type. Rules collect
problems; a `UschedError` carries one or many of them to the one place that prints them. Our own
bugs are neither: they stay assertions and tracebacks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

#: The longest stretch of a line that an error repeats, in characters.
_WINDOW = 160


class Line(NamedTuple):
    """A line of input: the label of its source, its number from 1, its text without the end."""

    source: str
    number: int
    text: str


class Span(NamedTuple):
    """The characters [start, end) of a line, counted from 0."""

    line: Line
    start: int
    end: int


class Problem(NamedTuple):
    """One thing that is wrong.

    what: a sentence without its full stop. where: the place in the input, if it came from one.
    remedy: what is allowed or what to type, one line or several. rule: a short word for the rule
    broken. name: the scheduler (or program) concerned, "" if there is none. for_root: whether root
    may do it: who prints it knows what was typed, and so what root types.
    """

    what: str
    where: Span | None = None
    remedy: str = ""
    rule: str = ""
    name: str = ""
    for_root: bool = False


class UschedError(Exception):
    """Trouble that is the user's to mend, or their environment's; never our own bug."""

    status = 1

    def __init__(self, problems: Problem | Iterable[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        assert self.problems, "an error needs a problem"
        super().__init__("; ".join(problem.what for problem in self.problems))


class EnvironmentFailed(UschedError):
    """I/O, a busy or broken registry, the kernel."""

    status = 1


class Misused(UschedError):
    """The words cannot be read: usage, syntax."""

    status = 2


class Refused(UschedError):
    """Read, and invalid or in conflict; every violation is in `problems`."""

    status = 3


class NoSuchName(UschedError):
    """A name that is asked for does not exist."""

    status = 4


class NotPermitted(UschedError):
    """Somebody else's; of the exit statuses, the one that waits for `grant`."""

    status = 5


class Drifted(UschedError):
    """What is real is not as the registry says."""

    status = 7


def place_of(problem: Problem) -> tuple[int, int]:
    """Line and column, to sort by; what has no place comes first."""
    return (problem.where.line.number, problem.where.start) if problem.where else (0, 0)


def format_problem(problem: Problem) -> str:
    """The lines that a user reads: place and sentence, the line with its caret, the remedy."""
    lines = []
    if problem.where is None:
        lines.append(problem.what)
    else:
        span = problem.where
        lines.append(f"{span.line.source}:{span.line.number}:{span.start + 1}: {problem.what}")
        lines.extend(_draw_caret(span))
    lines.extend(f"  {line}" for line in problem.remedy.splitlines())
    return "\n".join(lines)


def _draw_caret(span: Span) -> list[str]:
    text = "".join(
        c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}"
        for c in _window(span.line.text, span.start)
    )
    if not text.strip():
        return []
    shift = _window_start(span.line.text, span.start)
    start = span.start - shift
    end = max(start + 1, min(span.end - shift, len(text)))
    margin = "".join("\t" if c == "\t" else " " for c in text[:start]).ljust(start)
    return [f"    {text}", f"    {margin}{'^' * (end - start)}"]


def _window_start(text: str, start: int) -> int:
    return 0 if len(text) <= _WINDOW else max(0, min(start - _WINDOW // 2, len(text) - _WINDOW))


def _window(text: str, start: int) -> str:
    first = _window_start(text, start)
    return text[first : first + _WINDOW]
