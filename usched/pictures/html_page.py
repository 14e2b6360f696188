"""A page of HTML that needs nothing else: its style, its data as JSON, and scripts that draw it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import NamedTuple

STYLE = "page.css"


class Frame(NamedTuple):
    """about: beside the title; "" for nothing. body: what stands in it, as HTML. scripts: their
    names, in the order in which they take each other."""

    title: str
    about: str
    body: str
    scripts: tuple[str, ...]


def format_page(frame: Frame, data: Iterable[str], parts: Mapping[str, str]) -> Iterator[str]:
    """data: pieces of JSON, each with `<` escaped, as by `dump`. parts: the text of STYLE and of
    the scripts, by name."""
    about = f'<span class="faint">{escape(frame.about)}</span>\n' if frame.about else ""
    yield _HEAD.format(title=escape(frame.title), about=about, style=parts[STYLE])
    yield frame.body
    yield '<script type="application/json" id="run">'
    yield from data
    yield "</script>\n<script>\n"
    for name in frame.scripts:
        yield parts[name].replace('"use strict";\n', "", 1)
    yield "</script>\n</body>\n</html>\n"


def dump(value: object) -> str:
    """As JSON in which nothing can end the script that holds it."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


_HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
{about}<button type="button" id="theme">light / dark</button>
</header>
"""
