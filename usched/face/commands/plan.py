"""`usched plan`: what Linux would be told, in order, and what it cannot express."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click

from usched.actions.neighbours import check_neighbours
from usched.actions.plan import Plan, make_plan
from usched.face.options import common_options, context_of, json_option
from usched.face.output import print_json, print_wrapped, warn
from usched.face.whole import WholeCommand
from usched.plan.difference import PROCESSES, Step
from usched.plan.owners import HANDED, Owner, describe_owner, parse_owner
from usched.plan.wanted import TOP, full_path, shown_path
from usched.words.phrases import count, join_names
from usched.words.problems import Misused, format_problem
from usched.world.linux.cgroups import OUTSIDER
from usched.world.linux.group_reading import MOUNT
from usched.world.linux.neighbours import is_read_only
from usched.world.linux.ownership import find_holder_name


@click.command(
    "plan",
    cls=WholeCommand,
    about="is always about the whole registry",
    instead="type: usched plan",
    of_file="what a script would make says: usched batch -n {word}\nthen, without -n: usched plan",
)
@click.option("--shell", is_flag=True, help="Print the steps as a shell script.")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, shell: bool, as_json: bool) -> None:
    """Say what would make Linux (cgroup v2) do as the registry says, and change nothing.

    The steps are in order; where Linux cannot do exactly what a word means, a note says what it
    does instead. Of a registry in which a part is granted to you, it is about that part.
    """
    if shell and as_json:
        raise Misused("--shell and --json are two ways to print: one or the other")
    context = context_of(ctx)
    plan = make_plan(context)
    check_neighbours(context, plan)
    for obstacle in plan.obstacles:
        warn(format_problem(obstacle))
    if plan.steps and is_read_only(context.root):
        warn(
            f"/{MOUNT} is mounted read-only here, and apply would be refused: "
            f"mount -o remount,rw /{MOUNT}"
        )
    if as_json:
        print_json(_record(plan))
    elif shell:
        mount = f"{context.root.rstrip('/')}/{MOUNT}"
        script = ["#!/bin/sh -e", *_notes(plan, "# "), *_script(plan, mount)]
        click.echo("\n".join(script), color=True)  # a name may have escapes in it
    else:
        _print(plan)


def _record(plan: Plan) -> dict[str, object]:
    return {
        "kernel": plan.kernel.release,
        "group": full_path(plan.tops[0]) if len(plan.tops) == 1 else TOP,
        "steps": [
            {
                "do": step.kind,
                "path": full_path(step.path),
                "file": step.file or None,
                "value": _record_value(step),
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
        "notes": [
            {"scheduler": note.scheduler, "word": note.word, "what": note.what}
            for note in plan.wanted.notes
        ],
    }


def _record_value(step: Step) -> str:
    is_path = step.kind == "move" or (step.kind == "rmdir" and step.value)
    return full_path(step.value) if is_path else step.value


def _print(plan: Plan) -> None:
    many = count(len(plan.steps), "step") if plan.steps else "nothing to do"
    where = join_names([f"/{MOUNT}/{full_path(top)}" for top in plan.tops])
    click.echo(f"Linux {plan.kernel.release}, {where}: {many}")
    made = {step.path for step in plan.steps if step.kind == "mkdir"}
    said = [_describe(step, step.path in made) for step in plan.steps]
    width = min(max((len(target) for _, target, _ in said), default=0), 44)
    for kind, target, rest in said:
        click.echo(f"  {kind:<5}  {target:<{width}}  {rest}".rstrip())
    for line in _notes(plan, ""):
        print_wrapped(line)


def _describe(step: Step, made: bool) -> tuple[str, str, str]:
    name = shown_path(step.path)
    match step.kind:
        case "chown":
            owner = describe_owner(step.value, find_holder_name)
            was = f"  (was {describe_owner(step.before, find_holder_name)})" if step.before else ""
            return "chown", name, owner + was
        case "write":
            was = f"  (was {step.before})" if step.before and not made else ""
            return "write", f"{name}/{step.file}".lstrip("/"), (step.value or "(nothing)") + was
        case "move":
            to = shown_path(step.value) or "the root group"
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
            case "chown":
                yield from _chown(folder, parse_owner(step.value))
            case "write":
                yield f"echo {shlex.quote(step.value)} > {folder}/{step.file}"
            case "move":
                to = shlex.quote(f"{mount}/{full_path(step.value)}".rstrip("/"))
                yield f"for pid in $(grep -vx {OUTSIDER} {folder}/{PROCESSES}); do"
                yield f"    echo $pid > {to}/{PROCESSES}"
                yield "done"


def _chown(folder: str, owner: Owner) -> Iterator[str]:
    """As the program does it: what is handed over is the directory, and these files in it."""
    every = f"find {folder} -maxdepth 1 -type f -exec"
    handed = " ".join([folder, *(f"{folder}/{file}" for file in HANDED)])
    for holder, files, end in ((owner.files, every, " {} +"), (owner.hand, "", f" {handed}")):
        shared = holder.startswith("@")
        whose = f"0:{holder[1:]}" if shared else f"{holder or '0'}:0"
        for command in (f"chown {whose}", f"chmod {'g+w,o-w' if shared else 'go-w'}"):
            yield f"{files} {command}{end}".lstrip()
