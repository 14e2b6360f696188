"""The words of one line, one after the other, and how a parser of them fails."""

from __future__ import annotations

from usched.text.language.tokens import Word, split_words
from usched.words.phrases import clip
from usched.words.problems import Line, Misused, Problem, Span

CLAUSES = ("lwktpri", "vcpus", "quantum", "locked", "exclusive")


class Slip(Misused):
    """A near miss: `typed` instead of the words at `replaced` is what was probably meant.

    whole: show the whole statement so mended, not only these words.
    """

    def __init__(
        self, problem: Problem, typed: str, replaced: Span, whole: bool, aside: str = ""
    ) -> None:
        super().__init__(problem)
        self.typed = typed
        self.replaced = replaced
        self.whole = whole
        self.aside = aside


class Cursor:
    """Where a parser is in a line.

    name: the scheduler that the line is about, "" until it is read. spans: of what was read.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.words = split_words(line)
        self._texts = [*(word.text for word in self.words), None]
        self.position = 0
        self.name = ""
        self.spans: dict[str, Span] = {}

    def peek(self) -> str | None:
        return self._texts[self.position]

    def next(self) -> Word:
        word = self.words[self.position]
        self.position += 1
        return word

    def here(self) -> Span:
        """The next word, or the place just behind the last one."""
        if self.position < len(self.words):
            return self.words[self.position].span
        end = self.words[-1].span.end if self.words else 0
        return Span(self.line, end, end + 1)

    def over(self, first: int, last: int) -> Span:
        """The stretch of the words first to last, both included."""
        return Span(self.line, self.words[first].span.start, self.words[last].span.end)

    def fail(
        self, what: str, remedy: str = "", span: Span | None = None, rule: str = ""
    ) -> Misused:
        if not self.line.text.isascii():
            from usched.text.language.advice import mend_lookalike

            if alike := mend_lookalike(self):
                return alike
        return Misused(Problem(what, span or self.here(), remedy, rule or "syntax", self.name))

    def expect(self, wanted: str, remedy: str = "") -> Misused:
        return self.fail(self.missed(wanted), remedy)

    def missed(self, wanted: str) -> str:
        found = self.peek()
        return f"expected {wanted}, found " + ("the end" if found is None else f"'{clip(found)}'")

    def slip(
        self,
        what: str,
        typed: str,
        span: Span | None = None,
        replaced: Span | None = None,
        *,
        aside: str = "",
        whole: bool = False,
    ) -> Misused:
        """A failure with the words to type. span: for the caret; replaced: if that is more."""
        failed = self.fail(what, "", span)
        if isinstance(failed, Slip):
            return failed
        where = span or self.here()
        remedy = f"type: {typed.strip()}" if typed else "leave it out"
        problem = failed.problems[0]._replace(remedy="\n".join(filter(None, (remedy, aside))))
        return Slip(problem, typed, replaced or where, whole or not typed, aside)
