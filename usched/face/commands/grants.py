"""`usched grants`: who holds what, and what each can do."""

from __future__ import annotations

import click

from usched.actions.read import read_joined
from usched.face.json_records import bounds_record
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_columns, print_json, warn
from usched.meaning.grants import Hands, Part, levels_beneath
from usched.text.language.canonical import format_statement
from usched.words.phrases import count
from usched.words.problems import Problem, format_problem


@click.command("grants")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List what is granted: to whom, by whom, and what each may declare beneath it."""
    _, hands = read_joined(context_of(ctx))
    parts = list(hands.parts.values())
    estranged = {problem.name: problem for problem in hands.find_estranged()}
    if as_json:
        print_json([_record(part, hands, estranged.get(part.name)) for part in parts])
        return
    for problem in estranged.values():
        warn(f"warning: {format_problem(problem)}")
    if not parts:
        click.echo("nothing is granted; grant a scheduler: usched grant NAME to USER")
        return
    heads = ("NAME", "TO", "BY", "LWKTPRI", "LEVELS", "UNTIL", "HAS")
    print_columns(heads, [_row(part, hands) for part in parts], right=(3, 4))


def _row(part: Part, hands: Hands) -> tuple[str, ...]:
    has = count(len(list(part.source.names())), "scheduler")
    aside = len({problem.name for problem in part.problems})
    if part.trouble:
        has = "does not hold"
    elif aside:
        has += f", {aside} stranded"
    return (
        part.name,
        part.user,
        hands.keeper_name(part.name),
        f"1-{part.bounds.lwktpri}",
        str(levels_beneath(part)),
        part.bounds.ends or "-",
        has,
    )


def _record(part: Part, hands: Hands, estranged: Problem | None) -> dict[str, object]:
    return {
        "name": part.name,
        "user": part.user,
        "by": hands.keeper_name(part.name),
        "statement": format_statement(part.granted.grant),
        **bounds_record(part),
        "holds": not part.trouble,
        "trouble": part.trouble or None,
        "estranged": estranged and estranged.what,
        "schedulers": sorted(part.source.names()),
        "stranded": [
            {"name": problem.name or None, "why": problem.what} for problem in part.problems
        ],
    }
