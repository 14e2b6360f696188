"""`usched completion SHELL`: the script that makes the shell complete."""

from __future__ import annotations

import click

from usched.face.shell_scripts import SCRIPTS


@click.command("completion")
@click.argument("shell", type=click.Choice(tuple(SCRIPTS)))
def command(shell: str) -> None:
    """Print a completion script for a shell: subcommands, options, schedulers, cpus and files.

    \b
    usched completion bash > ~/.local/share/bash-completion/completions/usched
    usched completion zsh  > a file named _usched in a folder of $fpath
    usched completion fish > ~/.config/fish/completions/usched.fish
    """
    click.echo(SCRIPTS[shell], nl=False)
