"""`usched completion SHELL`: the script that makes the shell complete."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from usched.face.app import usched
from usched.words.problems import EnvironmentFailed


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "fish", "zsh")))
def command(shell: str) -> None:
    """Print a completion script for a shell: subcommands, options, schedulers and cpus.

    \b
    usched completion bash > ~/.local/share/bash-completion/completions/usched
    usched completion zsh  > a file named _usched in a folder of $fpath
    usched completion fish > ~/.config/fish/completions/usched.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    completion = found(usched, {}, "usched", "_USCHED_COMPLETE")
    try:
        click.echo(completion.source())
    except RuntimeError as error:  # bash is not there, or too old
        raise EnvironmentFailed(str(error)) from error
