"""Somebody who presses Tab in bash, zsh and fish, on a real terminal.

Where they press Enter, a function of the shell shows the words that the command would be given.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.face.sessions import EIGHT, SCRIPT, WORKLOAD, Session
from tests.face.terminal import Terminal

pytestmark = pytest.mark.slow

_BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")

_SHOW = "usched() { printf '<%s>' \"$@\"; echo END; }\nPS1='READY '\n"
_SHOW_IN_FISH = """
function usched; printf '<%s>' $argv; echo END; end
function fish_prompt; echo -n 'READY '; end
function fish_greeting; end
"""


def _set_up(shell: str, home: Path, script: str) -> list[str]:
    """Install the script as the help says, and give the command that starts the shell."""
    start = home / "start"
    if shell == "bash":
        start.write_text(f"{script}\n{_SHOW}")
        return ["bash", "--noprofile", "--rcfile", str(start), "-i"]
    if shell == "bash with bash-completion":
        _install(home / ".local/share/bash-completion/completions/usched", script)
        start.write_text(f". {_BASH_COMPLETION}\n{_SHOW}")
        return ["bash", "--noprofile", "--rcfile", str(start), "-i"]
    if shell == "zsh":
        _install(home / "functions/_usched", script)
        lines = f"fpath=({home}/functions $fpath)\nautoload -U compinit\ncompinit -u\n{_SHOW}"
        (home / ".zshrc").write_text(lines)
        return ["zsh", "-i"]
    if shell == "zsh that sources it":
        (home / "script").write_text(script)
        lines = f"autoload -U compinit\ncompinit -u\n. {home}/script\n{_SHOW}"
        (home / ".zshrc").write_text(lines)
        return ["zsh", "-i"]
    _install(home / ".config/fish/completions/usched.fish", script)
    _install(home / ".config/fish/config.fish", _SHOW_IN_FISH)
    return ["fish", "-i"]


def _install(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _fill(folder: Path) -> Session:
    session = Session(folder)
    session.write("eight.yaml", EIGHT)
    session.write("script.usched", SCRIPT)
    session.write("work load.yaml", WORKLOAD)
    session.write("cpuinfo", "a file that cpu* matches")
    (folder / "below").mkdir()
    session.write("below/inner.usched", SCRIPT)
    for words in (
        ("topology", "load", "eight.yaml"),
        ("batch", "script.usched"),
        ("POND", "on", "cpu2", "lwktpri", "3"),
    ):
        session.done(*words)
    return session


SHELLS = ("bash", "bash with bash-completion", "zsh", "zsh that sources it", "fish")


@pytest.fixture(scope="module", params=SHELLS)
def terminal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terminal]:
    shell = str(request.param)
    program = shell.partition(" ")[0]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if shell == SHELLS[1] and not _BASH_COMPLETION.exists():
        pytest.skip("bash-completion is not installed")
    top = tmp_path_factory.mktemp("tab")
    folder, home = top / "here", top / "home"
    folder.mkdir()
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        session = _fill(folder)
        script = session.done("completion", program)
    command = top / "programs" / "usched"
    _install(command, f'#!/bin/sh\nexec {sys.executable} -m usched "$@"\n')
    command.chmod(0o755)
    env = session.environment(HOME=str(home), ZDOTDIR=str(home), TERM="xterm", LC_ALL="C.UTF-8")
    env["PATH"] = f"{command.parent}:{env['PATH']}"
    env["USCHED_REGISTRY"] = str(session.registry)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "BASH_COMPLETION_USER_DIR"):
        env.pop(name, None)
    with Terminal(_set_up(shell, home, script), folder, env) as found:
        found.wait_for("READY ")
        yield found


def _clear(terminal: Terminal) -> None:
    """Whatever an earlier test left on the line: cancelled, and a new prompt."""
    terminal.type("\x03\n")
    terminal.wait_for("READY ")


@pytest.mark.parametrize(
    ("keys", "given"),
    [
        # files, where a file is wanted
        ("batch scr\t", "batch|script.usched"),
        ("check below/\t", "check|below/inner.usched"),
        ("check script.usched ei\t", "check|script.usched|eight.yaml"),
        ("simulate work\t", "simulate|work load.yaml"),
        ("simulate w.yaml --script scr\t", "simulate|w.yaml|--script|script.usched"),
        ("topology load ei\t", "topology|load|eight.yaml"),
        ("--registry r.d\tlist", "--registry|r.db|list"),
        ("--registry=r.d\tlist", "--registry=r.db|list"),
        ("list --topology ei\t", "list|--topology|eight.yaml"),
        ("--root belo\tx", "--root|below/x"),
        ("--root scri\t", "--root|scri"),
        ("show scr\t", "show|scr"),
        # schedulers
        ("show PON\t", "show|POND"),
        ("show 'PON\t", "show|POND"),
        ("show POOL/\t", "show|POOL/WEB"),
        ("destroy POOL into POO\t", "destroy|POOL|into|POO"),
        ("destroy POOL into PON\t", "destroy|POOL|into|POND"),
        ("import t --map redis=PON\t", "import|t|--map|redis=POND"),
        ("import t --map 'redis=PON\t", "import|t|--map|redis=POND"),
        ("import t --map 'a*=PON\t", "import|t|--map|a*=POND"),
        # revisions
        ("rollback 6\t", "rollback|6"),
        ("diff 1 6\t--json", "diff|1|6|--json"),
        # cpus, and nothing that a shell would expand
        ("explain cpu7\t--json", "explain|cpu7|--json"),
        ("explain socke\t1", "explain|socket1"),
        ("NEW on cpu\\*\tlwktpri", "NEW|on|cpu*|lwktpri"),
        ("NEW on 'cpu*' lwk\t6", "NEW|on|cpu*|lwktpri|6"),
        ("NEW on cpui\t", "NEW|on|cpui"),
        ("POOL/NEW on nod\t", "POOL/NEW|on|nod"),
        # words, also behind flags
        ("topo\tlo\tei\t", "topology|load|eight.yaml"),
        ("-n NEW o\tnode1 lo\t", "-n|NEW|on|node1|locked"),
        ("-n PON\t", "-n|POND"),
        ("--dry\tPON\t", "--dry-run|POND"),
        ("list --js\t", "list|--json"),
        ("completion zs\t", "completion|zsh"),
        # nothing, and in peace
        ("list --bogus x\t", "list|--bogus|x"),
        ("-x y\t", "-x|y"),
    ],
)
def test_tab_gives(terminal: Terminal, keys: str, given: str) -> None:
    _clear(terminal)
    terminal.type(f"usched {keys}\n")
    shown = terminal.wait_for(r"(<[^\r\n]*)END\r?\n")[1]
    terminal.wait_for("READY ")
    # zsh takes the slash of a folder away again
    assert shown.replace("/>", ">") == "".join(f"<{word}>" for word in given.split("|"))


def test_a_second_tab_lists_what_there_is(terminal: Terminal) -> None:
    _clear(terminal)
    terminal.type("usched destroy POOL into \t\t")
    listed = terminal.wait_for(r"\n(.*\bPOND\b)")[1]
    assert {"NORM", "X"} <= set(listed.split())
    assert "POOL/WEB" not in listed
    terminal.type("\x15\n")
    terminal.wait_for("READY ")
