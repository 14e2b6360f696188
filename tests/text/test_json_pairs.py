"""JSON that keeps every pair, with the place of each value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usched.text.json_pairs import Node, parse_json
from usched.words.problems import Refused, format_problem


def plain(node: Node) -> object:
    if node.kind == "object":
        return {pair.key: plain(pair.node) for pair in node.pairs()}
    return [plain(item) for item in node.items()] if node.kind == "array" else node.value


def test_keys_may_come_again_and_keep_their_order() -> None:
    node = parse_json('{"run": 1, "sleep": 2, "run": 3}', "t.json")
    assert [(pair.key, pair.node.value) for pair in node.pairs()] == [
        ("run", 1), ("sleep", 2), ("run", 3),
    ]  # fmt: skip


def test_comments_and_a_last_comma_pass() -> None:
    text = '/* a\n * b */\n{ // c\n\t"a" : [1, 2,],\n}\n// d'
    assert plain(parse_json(text, "t.json")) == {"a": [1, 2]}


def test_places() -> None:
    node = parse_json('{"a":\n  [true, -2.5e1]}', "t.json")
    (pair,) = node.pairs()
    assert (pair.key_span.line.number, pair.key_span.start, pair.key_span.end) == (1, 1, 4)
    first, second = pair.node.items()
    assert (first.span.line.number, first.span.start, first.span.end) == (2, 3, 7)
    assert (second.value, second.span.start, second.span.end) == (-25.0, 9, 15)


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_values, st.booleans())
def test_what_json_writes_is_read(value: object, narrow: bool) -> None:
    text = json.dumps(value, indent=None if narrow else 2)
    escaped = any(f"\\u{code}" in text for code in ("00", "d", "e", "f", "2", "0", "1", "3"))
    read = plain(parse_json(text, "t.json"))
    assert escaped or read == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: expected a value, found the end of the file"),
        ("{", '1:2: expected a key in double quotes, or "}", found the end of the file'),
        ("{a: 1}", "1:2: expected a key in double quotes, or \"}\", found 'a'"),
        ('{"a" 1}', "1:6: expected ':' behind the key 'a', found '1'"),
        ('{"a": 1\n "b": 2}', "2:2: expected ',' or '}', found '\"'"),
        ("[1 2]", "1:4: expected ',' or ']', found '2'"),
        ("[1]]", "1:4: expected the end of the file, found ']'"),
        ('["a', "1:2: expected a text that ends with \" on the same line, found '\"'"),
        ("[01x]", "1:2: expected a value, found '0'"),
        ("[\x07]", "1:2: expected a value, found a control character"),
        ("[" * 40, "1:34: nested deeper than 32 levels"),
    ],
)
def test_error_broken(text: str, message: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_json(text, "t.json")
    (problem,) = refused.value.problems
    assert format_problem(problem).splitlines()[0] == f"t.json:{message}"
