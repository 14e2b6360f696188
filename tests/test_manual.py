"""The manual and the README against the program: options, keys, examples, tables, messages.

Every check says how much it has seen: one that finds nothing to look at fails.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import click
import pytest

from tests.face.live import lay_applied, lay_root
from usched import __version__
from usched.face.app import usched
from usched.text.language.cursor import CLAUSES
from usched.text.topology.mapping import parse_topology
from usched.text.workload import parse_workload
from usched.words.located import locate
from usched.words.problems import Refused, UschedError
from usched.words.statement import RESERVED, SUBCOMMANDS, VERBS

ROOT = Path(__file__).parents[1]
PAGES = COMMAND, FORMATS, MODEL = "usched.8", "usched.5", "usched-model.7"

EIGHT_CPUS = "pack:1 numa:1 l3:2 core:4 pu:1"


# -- reading mdoc --------------------------------------------------------------

#: The macros that may follow others on a line, as far as these pages use them.
_CALLABLE = re.compile("Ar|Cm|Dv|Em|Ev|Fl|Ic|It|Li|Nm|Ns|Oc|Oo|Op|Pa|Pc|Po|Pq|Ql|Sq|Sx|Sy|Va")
_WORD = re.compile(r'"([^"]*)"|(\S+)')
_PUNCTUATION = frozenset(("(", ")", "[", "]", ",", ".", ":", ";", "|", "?", "!"))
_ESCAPES = {r"\(aq": "'", r"\(ti": "~", r"\(ha": "^", r"\(<-": "←", r"\&": "", r"\e": "\\"}


def page_lines(page: str) -> list[str]:
    return (ROOT / "man" / page).read_text(encoding="utf-8").splitlines()


def section(page: str, *names: str) -> list[str]:
    """The lines of a section, or with a second name of its subsection."""
    lines = page_lines(page)
    for macro, name in zip((".Sh", ".Ss"), names, strict=False):
        heads = (".Sh",) if macro == ".Sh" else (".Sh", ".Ss")
        start = lines.index(f"{macro} {name}") + 1
        ends = [n for n in range(start, len(lines)) if lines[n][:3] in heads]
        lines = lines[start : ends[0] if ends else len(lines)]
    assert lines, names
    return lines


def unescape(text: str) -> str:
    """What a line says when it is printed; an escape that is not known here is an error."""
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, "\0" if character == "\\" else character)
    assert "\\" not in text, text
    return text.replace("\0", "\\")


def arguments(lines: Sequence[str], macro: str) -> Iterator[list[str]]:
    """The arguments of each use of a macro, at the beginning of a line or within it."""
    for line in lines:
        if not line.startswith(".") or line.startswith('.\\"'):
            continue
        found: list[str] | None = None
        for word in (quoted or bare for quoted, bare in _WORD.findall(line[1:])):
            if _CALLABLE.fullmatch(word):
                if found:
                    yield found
                found = [] if word == macro else None
            elif word in _PUNCTUATION:
                if found:
                    yield found
                found = [] if found is not None else None
            elif found is not None:
                found.append(unescape(word))
        if found:
            yield found


def words_of(lines: Sequence[str], macro: str) -> set[str]:
    return {word for words in arguments(lines, macro) for word in words}


def options_in(lines: Sequence[str]) -> set[str]:
    """`Fl -json` is --json, `Fl nq` is -n and -q."""
    found: set[str] = set()
    for word in words_of(lines, "Fl"):
        found |= {f"-{word}"} if word.startswith("-") else {f"-{letter}" for letter in word}
    return found


def items(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The items of the outer list: head and body."""
    depth, head = 0, ""
    body: list[str] = []
    for line in lines:
        depth += {".Bl": 1, ".El": -1}.get(line[:3], 0)
        if head and (depth == 0 or (depth == 1 and line[:3] == ".It")):
            yield head, body
            head = ""
        if depth == 1 and line[:3] == ".It":
            head, body = line, []
        elif head:
            body.append(line)
    assert not head


# -- what the program has ------------------------------------------------------


def commands() -> dict[str, click.Command]:
    """Every subcommand by its words, `topology load` among them; `destroy` is a statement."""
    context = click.Context(usched)
    found: dict[str, click.Command] = {}
    for name in usched.list_commands(context):
        command = usched.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                nested = command.get_command(context, inner)
                assert nested is not None
                found[f"{name} {inner}"] = nested
        else:
            found[name] = command
    return found


def options_of(command: click.Command) -> list[set[str]]:
    """Each option with all its spellings."""
    found = [param for param in command.params if isinstance(param, click.Option)]
    return [{*option.opts, *option.secondary_opts} for option in found]


def global_options() -> set[str]:
    help_names = usched.context_settings["help_option_names"]
    return {*help_names, *(name for names in options_of(usched) for name in names)}


def own_options(command: click.Command) -> list[set[str]]:
    return [names for names in options_of(command) if not names & global_options()]


def statement_words() -> set[str]:
    """The words of the language, from the grammar in `usched --help`."""
    epilog = usched.epilog or ""
    grammar = epilog[epilog.index("Statements") : epilog.index("TIME:")].split("\n", 1)[1]
    found = set(re.findall(r"(?<![\w'.*])[a-z]{2,}(?![\w*'])", grammar.split("CPUS:")[0]))
    assert "except" in grammar
    return found | {"except"}


# -- usched.8 ------------------------------------------------------------------


def synopsis() -> dict[str, list[str]]:
    """The lines of the synopsis by subcommand, verb, `on` for a declaration, "" for the rest."""
    found: dict[str, list[str]] = {}
    for line in section(COMMAND, "SYNOPSIS"):
        if line == ".Nm":
            lines: list[str] = []
            continue
        if not lines:
            words = line.split()
            name = " ".join(words[1:]) if words[0] == ".Ic" else words[1]
            name = {".Ic": name, ".Cm": words[1], ".Ar": "on"}.get(words[0], "")
            assert name not in found, line
            found[name] = lines
        lines.append(line)
    return found


def described() -> dict[str, tuple[str, list[str]]]:
    """The subcommands of the description: head and body."""
    found = {}
    for head, body in items(section(COMMAND, "DESCRIPTION", "Subcommands")):
        (name, *_) = arguments([head], "Ic")
        assert " ".join(name) not in found
        found[" ".join(name)] = (head, body)
    return found


def test_every_subcommand_is_in_synopsis_and_description_and_none_else() -> None:
    there = set(commands())
    assert len(there) >= 18
    assert set(SUBCOMMANDS) == {name.split()[0] for name in there}
    subcommands = there - set(VERBS)
    assert set(described()) == subcommands
    assert set(synopsis()) == subcommands | set(VERBS) | {"on", ""}


def test_subcommands_named_anywhere_exist() -> None:
    seen = list(arguments(page_lines(COMMAND), "Ic"))
    assert len(seen) > 40
    known = {*commands(), *(name.split()[-1] for name in commands()), "topology"}
    assert {" ".join(words) for words in seen} - known == set()


def test_every_option_of_a_subcommand_is_described_and_every_described_one_exists() -> None:
    texts, heads = described(), synopsis()
    seen = 0
    bodies: dict[str, set[str]] = {}
    for name, (head, body) in texts.items():
        listed = options_in([line for line in body if line.startswith(".It")])
        bodies.setdefault(name.split()[0], set()).update(listed | options_in([head]))
    everywhere: dict[str, set[str]] = {}
    for name, command in commands().items():
        if name in VERBS:
            continue
        own = own_options(command)
        known = {spelling for names in own for spelling in names}
        everywhere.setdefault(name.split()[0], set()).update(known)
        for where in (heads[name], [texts[name][0]]):
            assert options_in(where) <= known, name
            for names in own:
                assert names & options_in(where), (name, names)
                seen += 1
        assert known <= bodies[name.split()[0]], name
    assert bodies == everywhere
    assert seen >= 45


def test_statements_take_the_options_that_are_described() -> None:
    names = set().union(*own_options(commands()["destroy"]))
    lines = section(COMMAND, "DESCRIPTION", "Statements")
    assert options_in(lines) == names == {"-n", "--dry-run", "-q", "--quiet", "--strand"}
    shown = [options_in(synopsis()[word]) for word in ("on", *VERBS)]
    assert shown == [{"-n", "-q", "--strand"}] * 4


def test_every_global_option_is_described_and_every_described_one_exists() -> None:
    lines = section(COMMAND, "DESCRIPTION", "Global options")
    listed = options_in([line for line in lines if line.startswith(".It")])
    assert listed == global_options()
    assert len(listed) >= 7


def test_global_options_stand_behind_every_subcommand_but_completion() -> None:
    names = {name for names in options_of(usched) for name in names} - {"--version"}
    for name, command in commands().items():
        taken = {spelling for each in options_of(command) for spelling in each} & names
        assert taken == (set() if name == "completion" else names), name


def test_options_named_anywhere_in_usched_8_exist() -> None:
    known = global_options()
    for command in commands().values():
        known |= {spelling for names in own_options(command) for spelling in names}
    assert options_in(page_lines(COMMAND)) == known
    assert len(known) >= 15


def test_every_word_of_the_language_is_in_usched_8_and_none_else() -> None:
    words = statement_words()
    assert {*CLAUSES, *VERBS} <= words
    lines = [*section(COMMAND, "DESCRIPTION", "Statements"), *section(COMMAND, "SYNOPSIS")]
    lines = [line for line in lines if "bash" not in line]
    assert words_of(lines, "Cm") == words
    clauses = [line for line in lines if line.startswith(".It Cm")]
    assert words_of(clauses, "Cm") - set(VERBS) >= set(CLAUSES)
    assert len(words) >= 14


def test_every_exit_status_is_documented() -> None:
    statuses = {0, *(error.status for error in UschedError.__subclasses__())}
    listed = [line.split()[1] for line in section(COMMAND, "EXIT STATUS") if line[:3] == ".It"]
    assert sorted(map(int, listed)) == sorted(statuses) == [0, 1, 2, 3, 4, 5, 7]


def test_every_environment_variable_that_is_read_is_documented() -> None:
    read = {"COLUMNS"}  # by shutil.get_terminal_size
    for path in (ROOT / "usched").rglob("*.py"):
        read |= set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', path.read_text()))
    lines = [line for line in section(COMMAND, "ENVIRONMENT") if line.startswith(".It")]
    assert words_of(lines, "Ev") == read
    assert len(read) == 11


# -- usched.5 ------------------------------------------------------------------


def known_keys(parse: Callable[..., object], raw: object) -> set[str]:
    """The keys that a mapping may have, as the parser says when it meets one that it may not."""
    with pytest.raises(Refused) as caught:
        parse(locate(raw))
    remedies = [p.remedy for p in caught.value.problems if "unknown key 'zzz'" in p.what]
    (keys,) = [line for line in remedies[0].splitlines() if line.startswith("its keys are: ")]
    return set(keys.removeprefix("its keys are: ").split(", "))


INPUT_KEYS = {
    "TOPOLOGY": (
        (parse_topology, {"zzz": 1}),
        (parse_topology, {"cpus": [{"cpu": 0, "socket": 0, "node": 0, "core": 0, "zzz": 1}]}),
    ),
    "WORKLOAD": (
        (parse_workload, {"zzz": 1}),
        (parse_workload, {"programs": [{"name": "a", "zzz": 1}]}),
        (parse_workload, {"events": [{"at": 1, "kill": "a", "zzz": 1}]}),
    ),
}


@pytest.mark.parametrize("title", INPUT_KEYS)
def test_every_key_that_is_read_is_in_usched_5_and_none_else(title: str) -> None:
    keys: set[str] = set()
    for parse, raw in INPUT_KEYS[title]:
        keys |= known_keys(parse, raw)
    assert words_of(section(FORMATS, title), "Va") == keys
    assert len(keys) >= 14


def test_the_words_of_the_language_and_the_reserved_ones_are_in_usched_5() -> None:
    grammar = section(FORMATS, "THE LANGUAGE")
    literal = set(re.findall(r'"([a-z]+)"', "\n".join(grammar)))
    times = {"us", "ms", "s"}
    terms = {"cpu", "core", "thread", "llc", "node", "socket"}
    assert literal == statement_words() | terms | times | {"usched"}
    names = section(FORMATS, "THE LANGUAGE", "Names")
    assert words_of(names, "Cm") == set(RESERVED)
    declare = section(FORMATS, "THE LANGUAGE", "Declare")
    assert words_of([line for line in declare if line.startswith(".It")], "Cm") == set(CLAUSES)


# -- running things ------------------------------------------------------------


@dataclass
class Scratch:
    """A directory with the files of configs/, a HOME and a registry, and `usched` on the PATH."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def registry(self) -> Path:
        return self.folder / "registry.db"

    def run(self, command: str) -> tuple[int, str]:
        """Exit status, and what a terminal would show."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder / "work",
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    def must(self, command: str) -> str:
        status, output = self.run(command)
        assert status == 0, f"{command}\n{output}"
        return output

    def write(self, name: str, text: str) -> None:
        (self.folder / "work" / name).write_text(text, encoding="utf-8")


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    (tmp_path / "home").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copytree(ROOT / "configs", tmp_path / "work" / "configs")
    program = tmp_path / "bin" / "usched"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m usched "$@"\n')
    program.chmod(0o755)
    environ = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "USCHED_REGISTRY": str(tmp_path / "registry.db"),
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "80",
    }
    return Scratch(tmp_path, environ)


@dataclass
class Example:
    """A command, and the lines that are shown below it; None where nothing of its block is."""

    command: str
    output: list[str] | None = None


def parse_console(lines: Sequence[str]) -> list[Example]:
    """A block: `$ ` begins a command, `> ` goes on with one that is not complete."""
    found: list[Example] = []
    shown = False
    for line in lines:
        if line.startswith("$ "):
            found.append(Example(line[2:], []))
            continue
        assert found, f"output before the first command: {line}"
        last = found[-1]
        if line.startswith("> ") and not last.output and _is_open(last.command):
            last.command += f"\n{line[2:]}"
            continue
        assert last.output is not None
        last.output.append(line)
        shown = True
    return [each if shown else Example(each.command) for each in found]


def _is_open(command: str) -> bool:
    here = re.search(r"<<(\w+)", command)
    return command.endswith("\\") or (here is not None and f"\n{here[1]}" not in command)


def displays(lines: Sequence[str]) -> Iterator[list[str]]:
    """The literal displays, a `.Dl` line among them."""
    block: list[str] | None = None
    for line in lines:
        if line.startswith(".Dl "):
            yield [unescape(line[4:])]
        elif line.startswith(".Bd"):
            block = [] if "-literal" in line else None
        elif line == ".Ed":
            if block is not None:
                yield block
            block = None
        elif block is not None:
            block.append(unescape(line))


def page_examples(page: str) -> list[Example]:
    blocks = displays(section(page, "EXAMPLES"))
    return [example for block in blocks for example in parse_console(block)]


def fenced_blocks(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """(tag, the line before it that is not blank, lines) of each fenced block."""
    before, tag = "", None
    block: list[str] = []
    for line in text.splitlines():
        if tag is None and line.startswith("```"):
            tag, block = line[3:].strip(), []
        elif tag is not None and line.startswith("```"):
            yield tag, before, block
            before, tag = "", None
        elif tag is not None:
            block.append(line)
        elif line.strip():
            before = line.strip()
    assert tag is None


def readme_examples() -> list[Example]:
    found: list[Example] = []
    skipped = []
    for tag, before, block in fenced_blocks((ROOT / "README.md").read_text(encoding="utf-8")):
        if tag == "console":
            if before == "<!-- not run -->":
                skipped.append("\n".join(block))
            else:
                found += parse_console(block)
    assert len(skipped) <= 2
    assert all("pip install" in block for block in skipped)
    return found


def run_examples(scratch: Scratch, examples: Sequence[Example]) -> int:
    """Run them one after the other; how many outputs were compared."""
    declares = ("topology load", "topology detect", "--topology")
    if not any(words in example.command for example in examples for words in declares):
        scratch.must(f"usched topology load '{EIGHT_CPUS}'")
    compared = 0
    for example in examples:
        status, output = scratch.run(example.command)
        if example.output is None:
            assert status == 0, f"{example.command}\n{output}"
            continue
        assert [line.rstrip() for line in output.splitlines()] == example.output, example.command
        fails = any(line.startswith("usched: ") for line in example.output)
        assert status == 0 or fails, (example.command, status)
        compared += 1
    return compared


@pytest.mark.slow
def test_examples_of_usched_8_are_what_the_program_prints(scratch: Scratch) -> None:
    examples = page_examples(COMMAND)
    assert run_examples(scratch, examples) >= 14
    assert len(examples) >= 15


@pytest.mark.slow
def test_examples_of_usched_5_are_what_the_program_prints(scratch: Scratch) -> None:
    assert run_examples(scratch, page_examples(FORMATS)) >= 7


def test_what_is_not_released_yet_is_so_in_the_changes_and_in_the_version() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    heading = re.search(r"^## Changes\n\n### (\S+?)(, not released yet)?$", readme, re.MULTILINE)
    assert heading is not None
    version, not_yet = heading.groups()
    assert __version__ == version + (".dev0" if not_yet else "")


@pytest.mark.slow
def test_examples_of_the_readme_are_what_the_program_prints(scratch: Scratch) -> None:
    examples = readme_examples()
    assert run_examples(scratch, examples) >= 10
    assert not (ROOT / "registry.db").exists()


def test_commands_of_an_example_are_told_from_what_they_print() -> None:
    lines = ["$ a <<X", "> b", "> X", "> shown", "$ c \\", ">   d", "out", "$ e"]
    assert parse_console(lines) == [
        Example("a <<X\nb\nX", ["> shown"]),
        Example("c \\\n  d", ["out"]),
        Example("e", []),
    ]
    assert parse_console(["$ a", "$ b"]) == [Example("a"), Example("b")]


@pytest.mark.slow
def test_displayed_files_of_usched_5_are_valid(scratch: Scratch) -> None:
    topology = next(block for block in displays(section(FORMATS, "TOPOLOGY")))
    workload = next(block for block in displays(section(FORMATS, "WORKLOAD")))
    scratch.write("odd.yaml", "\n".join(topology))
    scratch.write("mail.yaml", "\n".join(workload))
    assert "offline: cpu2" in scratch.must("usched topology load odd.yaml")
    scratch.must("usched topology load 'pack:2 numa:1 l3:1 core:4 pu:1'")
    for name in ("NORM", "REAL", "POOL", "POOL/WEB"):
        scratch.must(f"usched {name} on 'cpu*' lwktpri 6")
    assert json.loads(scratch.must("usched simulate mail.yaml --json"))["ticks"] > 90


# -- JSON ----------------------------------------------------------------------


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for inner in value.values() for key in keys_of(inner))}
    if isinstance(value, list):
        return {key for inner in value for key in keys_of(inner)}
    return set()


READ_COMMANDS = (
    "list",
    "show POOL",
    "tree",
    "export",
    "grants",
    "log",
    "diff 1",
    "check",
    "map",
    "explain cpu3",
    "explain POOL",
    "topology show",
    "plan --root linux",
    "ps --root linux",
    "top --once --every 100ms --root linux",
)
RUNS = (
    "simulate configs/workloads/mail.yaml --figures",
    "simulate configs/workloads/mail.yaml --at 9",
    "compare configs/workloads/mail.yaml configs/mail.usched",
)


def conform_here(scratch: Scratch) -> dict[str, object]:
    """What conform prints of a tenth of a second on this machine."""
    work = scratch.folder / "work"
    lay_root(work)
    usched = "usched --registry here.db --root root"
    scratch.must(f"{usched} topology detect")
    scratch.must(f"{usched} NORM on 'cpu*' lwktpri 6")
    lay_applied(work / "here.db", work / "root")
    program, event = "{name: a, scheduler: NORM, run: 10}", "{at: 9, kill: a}"
    scratch.write("here.yaml", f"workload: w\nprograms: [{program}]\nevents: [{event}]\n")
    printed = json.loads(scratch.must(f"{usched} conform here.yaml --json"))
    assert isinstance(printed, dict)
    return printed


@pytest.mark.slow
def test_every_json_key_is_in_usched_5_and_none_else(scratch: Scratch) -> None:
    scratch.must(f"usched topology load '{EIGHT_CPUS}'")
    scratch.must("usched batch configs/mail.usched")
    scratch.must("usched MYCUSTOM on cpu1 cpu2 lwktpri 4 locked")
    scratch.must(f"usched grant MYCUSTOM to {getpass.getuser()}")
    for name, text in (
        ("proc/sys/kernel/osrelease", "6.12.9"),
        ("sys/fs/cgroup/cgroup.controllers", "cpuset cpu"),
        ("sys/fs/cgroup/usched/POOL/cgroup.threads", "42"),
        ("proc/42/stat", f"42 (web) S 1 {' '.join(['0'] * 50)}"),
        ("proc/42/status", "Tgid:\t42\nUid:\t0\t0\t0\t0\n"),
    ):
        (scratch.folder / "work/linux" / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch.folder / "work/linux" / name).write_text(text)
    takers = {name for name, command in commands().items() if {"--json"} in own_options(command)}
    covered = {name for name in takers if any(each.startswith(name) for each in READ_COMMANDS)}
    assert takers == covered | {
        "simulate",
        "compare",
        "conform",
        "verify",
    }  # verify prints as check does
    printed: dict[str, dict[str, object]] = {"A RUN": {}, "THE REGISTRY AS JSON": {}}
    for command in RUNS:
        printed["A RUN"][command] = json.loads(scratch.must(f"usched {command} --json"))
    printed["A RUN"]["conform"] = conform_here(scratch)
    for command in READ_COMMANDS:
        text = scratch.must(f"usched {command} --json 2>/dev/null")
        printed["THE REGISTRY AS JSON"][command] = json.loads(text)
    for title, records in printed.items():
        keys = set().union(*map(keys_of, records.values()))
        assert words_of(section(FORMATS, title), "Va") == keys, title
        assert len(keys) >= 25


# -- usched-model.7 ------------------------------------------------------------


def worked_examples() -> dict[str, list[list[str]]]:
    """The displays of each subsection of the examples."""
    lines = section(MODEL, "EXAMPLES")
    titles = [line[4:] for line in lines if line.startswith(".Ss ")]
    return {title: list(displays(section(MODEL, "EXAMPLES", title))) for title in titles}


def join_tables(tables: Sequence[Sequence[str]]) -> list[list[str]]:
    """Tables side by side, as rows of cells."""
    rows = [line.split() for line in tables[0]]
    for table in tables[1:]:
        for row, line in zip(rows, table, strict=True):
            head, *cells = line.split()
            assert head == row[0]
            row.extend(cells)
    return rows


def draw_table(csv: str, cpus: int, ticks: int) -> list[list[str]]:
    cells = [["."] * ticks for _ in range(cpus)]
    head, *lines = csv.splitlines()
    assert head == "cpu,from,to,lwp"
    for line in lines:
        cpu, start, end, lwp = line.split(",")
        cells[int(cpu)][int(start) : int(end)] = [lwp] * (int(end) - int(start))
    heads = [["tick", *map(str, range(ticks))]]
    return heads + [[f"cpu{cpu}", *row] for cpu, row in enumerate(cells)]


@pytest.mark.slow
def test_tables_of_usched_model_7_are_what_the_dispatcher_does(scratch: Scratch) -> None:
    examples = worked_examples()
    assert len(examples) == 4
    ran = 0
    for title, (script, programs, *tables) in examples.items():
        table = join_tables(tables)
        cpus, ticks = len(table) - 1, len(table[0]) - 1
        assert (cpus, ticks) >= (3, 16)
        scratch.write("script.usched", "\n".join(script))
        scratch.write("topology.yaml", f"cores: {cpus}")
        scratch.write("workload.yaml", "\n  ".join(("programs:", *programs)))
        csv = scratch.must(
            "usched simulate workload.yaml --script script.usched --topology topology.yaml "
            f"--ticks {ticks} --csv -"
        )
        assert draw_table(csv, cpus, ticks) == table, title
        ran += cpus * ticks
    assert ran == 4 * 20 + 8 * 16 + 4 * 16 + 3 * 18


def test_tables_of_usched_model_7_are_those_of_the_examples() -> None:
    files = sorted((ROOT / "tests/reference/examples").glob("*/table.txt"))
    assert len(files) == 4
    stored = [[line.split() for line in path.read_text().splitlines()] for path in files]
    shown = [join_tables(tables) for _, _, *tables in worked_examples().values()]
    assert sorted(shown) == sorted(stored)


# -- messages ------------------------------------------------------------------


def diagnostics() -> list[tuple[str, str]]:
    """Each message with the command, in a comment below it, that gives it."""
    lines = section(COMMAND, "DIAGNOSTICS")
    found = []
    for line, below in pairwise(lines):
        if line.startswith(".It "):
            assert below.startswith('.\\" $ '), line
            found.append((unescape(line[4:]).strip('"'), below[6:]))
    return found


@pytest.fixture
def troubled(scratch: Scratch) -> Scratch:
    """What the commands of DIAGNOSTICS need to go wrong."""
    cpu = scratch.folder / "sys" / "devices" / "system" / "cpu"
    cpu.mkdir(parents=True)
    for name in ("present", "online"):
        (cpu / name).write_text("0-7\n")
    scratch.write("small.yaml", "cores: 2")
    scratch.write("web.yaml", "programs: [{name: web, scheduler: WEB, run: 9}]")
    event = '{at: 3, usched: "destroy POOL/B"}'
    program = "{name: web, scheduler: POOL/B, run: 9}"
    scratch.write("live.yaml", f"programs: [{program}]\nevents: [{event}]")
    scratch.must(f"usched topology load '{EIGHT_CPUS}'")
    scratch.must("usched NORM on 'cpu*' lwktpri 6")
    scratch.must("usched MYCUSTOM on cpu1 cpu2 lwktpri 4 locked")
    scratch.must("usched POOL on 'cpu*' lwktpri 6 vcpus 4")
    scratch.must("usched POOL/A on cpu0 cpu1 lwktpri 4")
    scratch.must("usched POOL/B on cpu2 cpu3 lwktpri 4 locked")
    shrunk = f"usched --registry shrunk.db --topology '{EIGHT_CPUS}'"
    scratch.must(f"{shrunk} NORM on cpu0 cpu1 lwktpri 6 exclusive")
    scratch.must(f"{shrunk} POOL on 'cpu*' lwktpri 6")
    return scratch


@pytest.mark.slow
def test_messages_of_usched_8_are_verbatim(troubled: Scratch) -> None:
    found = diagnostics()
    assert len(found) >= 15
    folder = str(troubled.folder)
    for message, written in found:
        command = written.replace("FILE", f"{folder}/new.db").replace("DIR", folder)
        with closing(sqlite3.connect(troubled.registry, isolation_level=None)) as holder:
            if "--wait" in command:
                holder.execute("BEGIN IMMEDIATE")
            status, output = troubled.run(command)
        output = output.replace(f"{folder}/none/r.db", "FILE").replace(f"{folder}/none", "DIR")
        output = output.replace(str(troubled.registry), "FILE")
        output = re.sub(r"waited [0-9.]+ s", "waited 0.5 s", output)
        assert message in output.split("\n")[0], (command, output)
        assert status != 0 or "no topology is declared" in message, command


# -- mandoc --------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
@pytest.mark.parametrize("level", ["style", "all"])
def test_mandoc_finds_nothing_to_say(level: str) -> None:
    paths = sorted((ROOT / "man").glob("*.[0-9]"))
    assert [path.name for path in paths] == sorted(PAGES)
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", level, *map(str, paths)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", PAGES)
def test_pages_have_their_sections(page: str) -> None:
    titles = [line[4:] for line in page_lines(page) if line.startswith(".Sh ")]
    assert {"NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO", "AUTHORS"} <= set(titles)
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("page", PAGES)
def test_displays_fit_a_terminal_of_80_columns(page: str) -> None:
    """mandoc indents them by 5 and never folds them."""
    lines = [line for block in displays(page_lines(page)) for line in block]
    assert [line for line in lines if len(line) > 75] == []
    assert len(lines) >= 60
