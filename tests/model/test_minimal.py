"""A minimal part of the evidence is found with few tests."""

from collections.abc import Sequence

import pytest

from model.judges.minimal import minimal_subset


@pytest.mark.parametrize("needed", [{3}, {0, 9}, {2, 4, 6}, set(range(10)), set()])
def test_exactly_what_is_needed_is_left(needed: set[int]) -> None:
    """In the order of the items."""
    assert minimal_subset(range(10), needed.issubset) == sorted(needed)


def test_what_comes_first_is_preferred() -> None:
    """Of several minimal parts."""

    def suffices(kept: Sequence[int]) -> bool:
        return {1, 7} <= set(kept) or {2, 3} <= set(kept)

    assert minimal_subset(range(10), suffices) == [2, 3]


def test_few_of_many_take_few_tests() -> None:
    """Two of a thousand in a few dozen."""
    asked = 0

    def suffices(kept: Sequence[int]) -> bool:
        nonlocal asked
        asked += 1
        return {123, 456} <= set(kept)

    assert minimal_subset(range(1000), suffices) == [123, 456]
    assert asked < 60
