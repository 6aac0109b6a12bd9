"""Finds a minimal part of some evidence that is still evidence: QuickXplain (Junker, AAAI 2004).

The test has to be monotone: what suffices still suffices with more beside it. The items come in the order of
preference, and a minimal part is found that uses the preferred ones as far as possible, in about
`k log2(n / k) + k` tests for a part of k among n. Taking items away one by one would need n tests.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def minimal_subset(items: Sequence[Item], suffices: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """A part of the items that suffices, from which no single one can be taken away; in their order.

    `suffices(items)` is taken to be true. A test that is unsure must say False: the item is kept.
    """
    return _needed([], list(items), suffices, is_new=True)


def _needed(
    given: list[Item], items: list[Item], suffices: Callable[[Sequence[Item]], bool], *, is_new: bool
) -> list[Item]:
    """The items needed beside those given; `is_new` unless the given ones are known not to suffice."""
    if is_new and suffices(given):
        return []
    if len(items) <= 1:
        return items
    middle = len(items) // 2
    first, second = items[:middle], items[middle:]
    of_second = _needed([*given, *first], second, suffices, is_new=True)
    of_first = _needed([*given, *of_second], first, suffices, is_new=bool(of_second))
    return [*of_first, *of_second]
