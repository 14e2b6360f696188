"""JSON with an indent is, sign for sign, what the standard library makes of it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from usched.text.indented_json import format_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
KEYS = st.text() | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS | st.lists(st.integers()),
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner, max_size=4)
    ),
)


@given(VALUES)
def test_it_is_as_the_standard_library_writes_it(value: object) -> None:
    assert format_json(value) == json.dumps(value, indent=2)
