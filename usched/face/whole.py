"""Commands that are about everything at once, and what to type where a word is one too many."""

from __future__ import annotations

import os
from typing import Any

import click

from usched.face.options import context_of
from usched.words.phrases import clip
from usched.words.problems import Line, Misused, Problem, Span


class WholeCommand(click.Command):
    """about: what it does, as the end of a sentence that begins with its name.

    instead: lines of what to type, where `{word}` stands for the word that is too many; of_file:
    the same where that is a file. `usched` in them reaches the registry that is named. rehearsal:
    the command that says what this one would do, for who asks for that by an option.
    """

    def __init__(
        self,
        *args: Any,
        about: str,
        instead: str,
        of_file: str = "",
        rehearsal: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._about = about
        self._instead = instead
        self._of_file = of_file
        self._rehearsal = rehearsal

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True
        try:
            super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if self._rehearsal and error.option_name in ("-n", "--dry-run"):
                raise Misused(self._name_rehearsal(ctx, error.option_name)) from error
            raise
        if ctx.args and not ctx.resilient_parsing:
            raise Misused(self._explain(ctx, ctx.args))
        return ctx.args

    def _name_rehearsal(self, ctx: click.Context, option: str) -> Problem:
        from usched.actions.remedies import by_me

        how = by_me(context_of(ctx), self._rehearsal)
        what = f"{self.name} has no {option}"
        return Problem(what, None, f"what it would do is said by: {how}", "usage")

    def _explain(self, ctx: click.Context, words: list[str]) -> Problem:
        from usched.actions.remedies import by_me

        context = context_of(ctx)
        name, word = str(self.name), words[0]
        line = Line("command line", 1, " ".join([name, *words]))
        where = Span(line, len(name) + 1, len(name) + 1 + len(word))
        instead = self._of_file if self._of_file and _is_file(word) else self._instead
        instead = instead.replace("usched ", by_me(context, "")).replace("{word}", clip(word))
        what = f"{name} {self._about}: '{clip(word)}' is too much"
        return Problem(what, where, instead, "usage")


def _is_file(word: str) -> bool:
    return word.endswith(".usched") or os.path.isfile(word)
