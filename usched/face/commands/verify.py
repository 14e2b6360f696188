"""`usched verify`: whether Linux is as the registry says."""

from __future__ import annotations

import click

from usched.actions.apply import verify
from usched.actions.plan import tell_waiting
from usched.face.json_records import problem_record
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_json, warn
from usched.face.whole import WholeCommand
from usched.plan.wanted import OUTSIDE
from usched.words.phrases import count
from usched.words.problems import Drifted


@click.command(
    "verify",
    cls=WholeCommand,
    about="is always about the whole registry",
    instead="type: usched verify",
)
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Compare Linux's control groups with the registry; exit status 7 where they differ."""
    try:
        context = context_of(ctx)
        plan = verify(context)
    except Drifted as drift:
        if as_json:
            print_json({"valid": False, "problems": [problem_record(p) for p in drift.problems]})
        raise
    for line in tell_waiting(plan, context):
        warn(line)
    if as_json:
        print_json({"valid": True, "problems": []})
        return
    groups = sum(group.path not in (OUTSIDE, *plan.tops) for group in plan.wanted.groups)
    click.echo(f"Linux is as the registry says: {count(groups, 'group')}")
