"""Slices in the files of systemd, below any root (systemd.unit(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator

from usched.plan.slice_units import SliceText
from usched.words.problems import EnvironmentFailed, NoSuchName
from usched.world.files import read_text

#: Where systemd looks for units, the first before the others.
_FOLDERS = (
    *("etc/systemd/system.control", "run/systemd/system.control", "run/systemd/transient"),
    *("run/systemd/generator.early", "etc/systemd/system", "etc/systemd/system.attached"),
    *("run/systemd/system", "run/systemd/system.attached", "run/systemd/generator"),
    *("usr/local/lib/systemd/system", "lib/systemd/system", "usr/lib/systemd/system"),
    "run/systemd/generator.late",
)

_SLICE, _DROPPED = ".slice", ".slice.d"


def read_slices(root: str, folder: str | None) -> list[SliceText]:
    """The files of all slices, each unit's own before what is dropped in for it, by name.

    A unit is there by a file of its own, or by what is dropped in for it alone. folder: to look
    only there. Raises NoSuchName where there is none, EnvironmentFailed where it cannot be read.
    """
    if folder is not None and not os.path.isdir(folder):
        raise NoSuchName(f"there is no folder {folder}")
    folders = [os.path.join(root, each) for each in _FOLDERS] if folder is None else [folder]
    files: dict[str, str] = {}
    for place in folders:
        for name in _names(place, _SLICE):
            if os.path.exists(os.path.join(place, name)):  # and is no link to nothing
                files.setdefault(name, os.path.join(place, name))
    alone = {
        name.removesuffix(".d")
        for place in folders
        for name in _names(place, _DROPPED)
        if not name.endswith(f"-{_DROPPED}") or name == f"-{_DROPPED}"
    }
    texts = []
    for unit in sorted({*files, *alone}):
        own = files.get(unit)
        if own is not None and not os.path.getsize(own):
            continue  # it is masked: a link to /dev/null, or empty
        for path in filter(None, (own, *_find_dropped(folders, unit))):
            texts.append(SliceText(unit, *read_text(path, "unit")))
    return texts


def _find_dropped(folders: list[str], unit: str) -> list[str]:
    """What is dropped in for a unit, in the order in which it counts.

    Of files of one name the first is taken: folder by folder, in each what is for that unit before
    what is for all whose names begin as its own; what is for all slices comes last.
    """
    found: dict[str, str] = {}
    places = [os.path.join(place, name) for place in folders for name in _dropped_for(unit)]
    for place in (*places, *(os.path.join(each, "slice.d") for each in folders)):
        for file in _names(place, ".conf"):
            found.setdefault(file, os.path.join(place, file))
    return [found[file] for file in sorted(found)]


def _dropped_for(unit: str) -> Iterator[str]:
    """`a-b-c.slice.d`, `a-b-.slice.d`, `a-.slice.d`."""
    yield f"{unit}.d"
    stem = unit.removesuffix(_SLICE)
    while "-" in stem.rstrip("-"):
        stem = stem.rstrip("-").rpartition("-")[0]
        yield f"{stem}-{_DROPPED}"


def _names(folder: str, end: str) -> Iterator[str]:
    try:
        found = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise EnvironmentFailed(f"{folder} cannot be read: {error.strerror}") from error
    yield from (name for name in found if name.endswith(end))
