from __future__ import annotations

import pytest

from usched.figures.meters import parse_cpu_stat, parse_some
from usched.words.kernel_count import MOST_COUNTED, parse_count

TOO_MUCH = str(MOST_COUNTED + 1)


def test_a_kernel_counts_in_64_bits() -> None:
    assert parse_count("0") == 0
    assert parse_count(str(MOST_COUNTED)) == MOST_COUNTED
    assert parse_count("7", 7) == 7


@pytest.mark.parametrize("text", ["", "-1", "+1", "1_0", " 1", "\u0663", "1" * 5000, TOO_MUCH])
def test_error_no_kernel_writes_that(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        parse_count(text)


def test_error_more_than_there_can_be() -> None:
    with pytest.raises(ValueError, match="no number"):
        parse_count("8", 7)


def test_what_a_group_says_is_held_to_the_same() -> None:
    said = f"usage_usec {TOO_MUCH}\nnr_periods 3\nnr_throttled\nnothing at all\n"
    assert parse_cpu_stat(said) == {"nr_periods": 3}
    assert parse_some("some avg10=0.00 total=5\nfull avg10=0.00 total=6\n") == 5
    assert parse_some(f"some avg10=0.00 total={TOO_MUCH}\n") is None
