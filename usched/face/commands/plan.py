"""`usched plan`: what Linux would be told, in order, and what it cannot express."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click

from usched.actions.plan import Plan, make_plan
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_json, print_wrapped
from usched.plan.difference import PROCESSES, Step
from usched.plan.wanted import TOP, full_path
from usched.words.phrases import count
from usched.words.problems import Misused
from usched.world.linux.cgroups import MOUNT


@click.command("plan")
@click.option("--shell", is_flag=True, help="Print the steps as a shell script.")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, shell: bool, as_json: bool) -> None:
    """Say what would make Linux (cgroup v2) do as the registry says, and change nothing.

    The steps are in order; where Linux cannot do exactly what a word means, a note says what it
    does instead.
    """
    if shell and as_json:
        raise Misused("--shell and --json are two ways to print: one or the other")
    context = context_of(ctx)
    plan = make_plan(context)
    if as_json:
        print_json(_record(plan))
    elif shell:
        mount = f"{context.root.rstrip('/')}/{MOUNT}"
        click.echo("\n".join(["#!/bin/sh -e", *_notes(plan, "# "), *_script(plan, mount)]))
    else:
        _print(plan)


def _record(plan: Plan) -> dict[str, object]:
    return {
        "kernel": plan.kernel.release,
        "group": TOP,
        "steps": [
            {
                "do": step.kind,
                "path": full_path(step.path),
                "file": step.file or None,
                "value": full_path(step.value) if step.kind == "move" else step.value,
                "before": step.before or None,
            }
            for step in plan.steps
        ],
        "threads": [
            {
                "scheduler": name,
                "path": full_path(threads.group),
                "policy": "other" if threads.priority is None else "rr",
                "priority": threads.priority,
                "pinned": threads.pinned,
            }
            for name, threads in plan.wanted.threads.items()
        ],
        "notes": [note._asdict() for note in plan.wanted.notes],
    }


def _print(plan: Plan) -> None:
    many = count(len(plan.steps), "step") if plan.steps else "nothing to do"
    click.echo(f"Linux {plan.kernel.release}, /{MOUNT}/{TOP}: {many}")
    made = {step.path for step in plan.steps if step.kind == "mkdir"}
    said = [_describe(step, step.path in made) for step in plan.steps]
    width = min(max((len(target) for _, target, _ in said), default=0), 44)
    for kind, target, rest in said:
        click.echo(f"  {kind:<5}  {target:<{width}}  {rest}".rstrip())
    for line in _notes(plan, ""):
        print_wrapped(line)


def _describe(step: Step, made: bool) -> tuple[str, str, str]:
    name = full_path(step.path)
    match step.kind:
        case "write":
            was = f"  (was {step.before})" if step.before and not made else ""
            return "write", f"{name}/{step.file}".lstrip("/"), (step.value or "(nothing)") + was
        case "move":
            to = full_path(step.value) or "the root group"
            return "move", name, f"{count(int(step.before), 'pid')} to {to}"
        case _:
            return step.kind, name, ""


def _notes(plan: Plan, margin: str) -> Iterator[str]:
    if plan.wanted.notes:
        yield f"{margin}What Linux does otherwise:"
    for note in plan.wanted.notes:
        yield f"{margin}{note.scheduler}, {note.word}: {note.what}"


def _script(plan: Plan, mount: str) -> Iterator[str]:
    for step in plan.steps:
        folder = shlex.quote(f"{mount}/{full_path(step.path)}".rstrip("/"))
        match step.kind:
            case "mkdir" | "rmdir":
                yield f"{step.kind} {folder}"
            case "write":
                yield f"echo {shlex.quote(step.value)} > {folder}/{step.file}"
            case "move":
                to = shlex.quote(f"{mount}/{full_path(step.value)}".rstrip("/"))
                yield f"for pid in $(cat {folder}/{PROCESSES}); do"
                yield f"    echo $pid > {to}/{PROCESSES}"
                yield "done"
