"""Files that stand beside the program's modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files


def read_page_parts(names: Iterable[str]) -> dict[str, str]:
    """The text of each of the files that pages are made of."""
    folder = files("usched").joinpath("pictures", "page")
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}
