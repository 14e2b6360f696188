"""Imports go to the same floor or lower, never in a circle, and the lower floors know no world."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import usched

PACKAGE = Path(usched.__file__).parent

#: Each wing of the package with its floor; "" is the package itself.
FLOORS = {
    "": 0,
    "words": 0,
    "text": 1,
    "meaning": 2,
    "engine": 3,
    "figures": 3,
    "pictures": 3,
    "plan": 3,
    "world": 4,
    "actions": 5,
    "face": 6,
    "__main__": 6,
}

#: What floors 0 to 3 may not import, under no circumstances.
WORLDLY = {
    *("click", "rich", "yaml", "sqlite3"),
    *("os", "pathlib", "time", "random", "logging"),
}
HIGHEST_PURE_FLOOR = 3

#: YAML is text: what parses it stands with the other texts.
EXCEPTED = {("usched.text.yaml", "yaml")}


@dataclass(frozen=True, order=True)
class Import:
    """An import of a module. early: at the module's own level, when it is imported itself."""

    source: str
    target: str
    line: int
    early: bool


@cache
def find_modules(package: Path) -> dict[str, Path]:
    """Every module below a package's folder, by its dotted name."""
    modules = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
        modules[".".join(parts)] = path
    return modules


@cache
def find_imports(package: Path) -> list[Import]:
    modules = find_modules(package)
    return [
        found
        for name, path in modules.items()
        for found in _imports_of(name, path, modules)
        if found.target != name
    ]


def _imports_of(name: str, path: Path, modules: dict[str, Path]) -> Iterator[Import]:
    for node, early in _walk(ast.parse(path.read_text(encoding="utf-8")), True):
        match node:
            case ast.Import(names=aliases):
                targets = [alias.name for alias in aliases]
            case ast.ImportFrom(module=module, names=aliases, level=level):
                base = _absolute(name, path, module, level)
                inside = [f"{base}.{alias.name}" for alias in aliases]
                targets = [each if each in modules else base for each in inside]
            case _:
                continue
        for target in dict.fromkeys(targets):
            yield Import(name, target, node.lineno, early)


def _absolute(name: str, path: Path, module: str | None, level: int) -> str:
    if not level:
        return module or ""
    parts = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    parts = parts[: len(parts) - (level - 1)]
    return ".".join([*parts, module] if module else parts)


def _walk(node: ast.AST, early: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Every statement, and whether it is carried out when the module is imported."""
    for child in ast.iter_child_nodes(node):
        is_late = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) or (
            isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        )
        if isinstance(child, ast.stmt):
            yield child, early
        yield from _walk(child, early and not is_late)


def wing_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def floor_of(module: str) -> int | None:
    """The floor of a module of the package; None for a wing that is not listed."""
    return FLOORS.get(wing_of(module))


def find_violations(package: Path) -> list[str]:
    """Everything that breaks a rule, in words."""
    modules, imports = find_modules(package), find_imports(package)
    found = [f"{name} is on no floor" for name in modules if floor_of(name) is None]
    for each in imports:
        floor = floor_of(each.source)
        root = each.target.split(".")[0]
        where = f"{each.source}:{each.line} imports {each.target}"
        if floor is None:
            continue
        if root == package.name:
            if each.target not in modules:
                found.append(f"{where}, which there is not")
            elif (floor_of(each.target) or 0) > floor:
                found.append(f"{where}, which is on a higher floor")
        elif (each.source, root) in EXCEPTED:
            continue
        elif root in WORLDLY and floor <= HIGHEST_PURE_FLOOR:
            found.append(f"{where}, which floor {floor} may not know")
    cycle = find_cycle(imports, set(modules))
    if cycle:
        found.append(f"a circle: {' -> '.join(cycle)}")
    return found


def find_cycle(imports: list[Import], modules: set[str]) -> list[str]:
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for each in imports:
        if each.early and each.target in modules:
            graph[each.source].add(each.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def find_arrows(package: Path) -> dict[str, set[str]]:
    """The drawing: which wings each wing imports from, in functions and for types too."""
    modules = find_modules(package)
    arrows: dict[str, set[str]] = {wing_of(name): set() for name in modules}
    for each in find_imports(package):
        if each.target in modules and wing_of(each.source) != wing_of(each.target):
            arrows[wing_of(each.source)].add(wing_of(each.target))
    return arrows


def find_circle_of_wings(package: Path) -> list[str]:
    try:
        TopologicalSorter(find_arrows(package)).prepare()
    except CycleError as error:
        return [str(wing) for wing in error.args[1]]
    return []


def test_no_wing_imports_from_one_that_imports_from_it() -> None:
    """Not even late: two wings of one floor may not lean on each other."""
    assert find_circle_of_wings(PACKAGE) == []
    drawn = find_arrows(PACKAGE)
    assert set(drawn) == set(FLOORS)
    for wing, others in drawn.items():
        assert all(FLOORS[other] <= FLOORS[wing] for other in others), wing
    # what is drawn has something in it: the face knows all that an action does, words know nobody
    assert drawn["words"] == set()
    assert drawn["meaning"] == {"text", "words"}
    assert drawn["engine"] >= {"meaning", "words"}
    assert drawn["actions"] >= {"meaning", "text", "words", "world"}


def test_the_readme_has_every_wing_on_its_floor() -> None:
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([0-9]) (`[a-z/`, ]+) \|", readme, re.MULTILINE)
    told = [(wing, int(n)) for n, wings in rows for wing in re.findall(r"`([a-z]+)/`", wings)]
    assert sorted(told) == sorted(each for each in FLOORS.items() if each[0].isalpha())


def test_every_import_goes_to_the_same_floor_or_lower_and_none_in_a_circle() -> None:
    assert find_violations(PACKAGE) == []


def test_modules_and_imports_were_looked_at() -> None:
    """A guard that can pass while looking at nothing is no guard."""
    modules, imports = find_modules(PACKAGE), find_imports(PACKAGE)
    assert len(modules) > 40
    assert {floor_of(name) for name in modules} == set(range(7))
    edges = {(each.source, each.target) for each in imports if each.target in modules}
    assert len(edges) > 100
    assert ("usched.meaning.tree", "usched.meaning.registry") in edges
    assert ("usched.world.rows", "usched.text.language.grammar") in edges
    outside = {each.target for each in imports} - set(modules)
    assert {"sqlite3", "os", "click", "yaml", "time"} <= outside
    late = [each for each in imports if not each.early]
    assert any(each.target.startswith("rich") for each in late)


def plant(folder: Path, **modules: str) -> Path:
    """A package of the same name with these modules; `__` is the dot."""
    package = folder / "usched"
    for name, text in modules.items():
        path = package.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        (path.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    return package


def test_planted_package_without_a_violation_passes(tmp_path: Path) -> None:
    package = plant(
        tmp_path,
        words__noun="import re\n",
        text__verb="from usched.words import noun\nfrom ..words.noun import re\n",
        face__screen="import os\nfrom usched.text.verb import noun\n",
    )
    assert find_violations(package) == []
    assert len([each for each in find_imports(package) if "usched" in each.target]) == 3


def test_planted_import_upwards_is_found(tmp_path: Path) -> None:
    package = plant(tmp_path, words__noun="from usched.face import screen\n", face__screen="")
    assert find_violations(package) == [
        "usched.words.noun:1 imports usched.face.screen, which is on a higher floor"
    ]


def test_planted_import_upwards_in_a_function_is_found(tmp_path: Path) -> None:
    text = "def act() -> None:\n    from ..world import store\n"
    package = plant(tmp_path, engine__run=text, world__store="")
    assert find_violations(package) == [
        "usched.engine.run:2 imports usched.world.store, which is on a higher floor"
    ]


def test_planted_worldly_import_is_found(tmp_path: Path) -> None:
    package = plant(tmp_path, meaning__tree="import os.path\nfrom time import time\n")
    assert find_violations(package) == [
        "usched.meaning.tree:1 imports os.path, which floor 2 may not know",
        "usched.meaning.tree:2 imports time, which floor 2 may not know",
    ]


def test_planted_yaml_is_found_but_where_it_is_parsed(tmp_path: Path) -> None:
    package = plant(tmp_path, text__yaml="import yaml\n", text__other="import yaml\n")
    assert find_violations(package) == [
        "usched.text.other:1 imports yaml, which floor 1 may not know"
    ]


def test_planted_circle_is_found(tmp_path: Path) -> None:
    package = plant(
        tmp_path,
        text__a="from usched.text import b\n",
        text__b="from usched.text.c import x\n",
        text__c="if True:\n    import usched.text.a\n",
    )
    [violation] = find_violations(package)
    assert violation.startswith("a circle: ")
    assert violation.count("usched.text.") == 4


def test_planted_circle_of_two_wings_of_a_floor_is_found(tmp_path: Path) -> None:
    late = "def act() -> None:\n    from usched.figures import sums\n"
    package = plant(
        tmp_path,
        engine__run=late,
        figures__sums="from usched.engine import other\n",
        engine__other="",
    )
    assert find_violations(package) == []
    assert sorted(set(find_circle_of_wings(package))) == ["engine", "figures"]


def test_circle_of_an_import_in_a_function_or_for_types_only_is_none(tmp_path: Path) -> None:
    package = plant(
        tmp_path,
        text__a="def act() -> None:\n    from usched.text import b\n",
        text__b="from usched.text import a, c\n",
        text__c="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import usched.text.b\n",
    )
    assert find_violations(package) == []


def test_planted_wing_that_is_on_no_floor_is_found(tmp_path: Path) -> None:
    package = plant(tmp_path, helpers__misc="")
    assert find_violations(package) == [
        "usched.helpers is on no floor",
        "usched.helpers.misc is on no floor",
    ]


def test_planted_import_of_a_module_that_is_not_there_is_found(tmp_path: Path) -> None:
    package = plant(tmp_path, text__a="import usched.text.gone\n")
    assert find_violations(package) == [
        "usched.text.a:1 imports usched.text.gone, which there is not"
    ]
