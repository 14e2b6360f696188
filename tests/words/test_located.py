"""Plain data wrapped, without places."""

from __future__ import annotations

import pytest

from usched.words.located import Entry, Located, locate


def test_plain_data_is_wrapped_all_the_way_down() -> None:
    assert locate({"a": [1, None], 2: {"b": "c"}}) == Located(
        {
            "a": Entry(None, Located([Located(1), Located(None)])),
            "2": Entry(None, Located({"b": Entry(None, Located("c"))})),
        }
    )


def test_a_tuple_is_a_sequence_and_a_text_is_none() -> None:
    assert locate((1.5, True)) == locate([1.5, True])
    assert locate("ab") == Located("ab")


@pytest.mark.parametrize("raw", [{1}, b"x", [object()]], ids=["a set", "bytes", "an object inside"])
def test_what_is_no_plain_data_is_our_own_bug(raw: object) -> None:
    with pytest.raises(TypeError, match=r"not plain data: (set|bytes|object)"):
        locate(raw)
