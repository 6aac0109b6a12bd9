"""Histories are checked, cut and printed."""

import pytest

from model.history import INDETERMINATE, Call, IllFormedError, precedes, prefix, render, validate
from tests.model.registers import call


def test_precedence_is_strict() -> None:
    """A call precedes another only if it was answered before the other was asked; a tie is concurrent."""
    assert precedes(call("a", "x", (1, 2)), call("b", "y", (3, 4)))
    assert not precedes(call("a", "x", (1, 3)), call("b", "y", (3, 4)))


def test_an_indeterminate_call_precedes_nothing() -> None:
    """What was never answered may still be going on."""
    assert not precedes(call("a", "x", (1, None)), call("b", "y", (3, 4)))


def test_a_process_makes_one_call_at_a_time() -> None:
    """Overlapping calls of one process are refused, whatever their order in the history."""
    with pytest.raises(IllFormedError, match="one call at a time"):
        validate([call("a", "y", (2, 5)), call("a", "x", (1, 3))])


def test_a_process_does_nothing_after_an_indeterminate_call() -> None:
    """An indeterminate call occupies its process for ever."""
    with pytest.raises(IllFormedError, match=r"a \[4..5\] .* overlaps a \[1..\?\]"):
        validate([call("a", "x", (1, None)), call("a", "y", (4, 5))])


def test_time_does_not_run_backwards() -> None:
    """A call cannot return before it was invoked."""
    with pytest.raises(IllFormedError, match="before it was invoked"):
        validate([call("a", "x", (3, 2))])


def test_only_an_indeterminate_call_has_no_return() -> None:
    """A result without a return time, or the reverse, is refused."""
    with pytest.raises(IllFormedError, match="exactly if it never returned"):
        validate([Call("a", "x", 1, None, None)])
    with pytest.raises(IllFormedError, match="exactly if it never returned"):
        validate([Call("a", "x", 1, 2, INDETERMINATE)])


def test_a_prefix_forgets_what_came_later() -> None:
    """Calls begun later are gone, and answers that came later have not come."""
    history = [call("a", "x", (1, 2)), call("b", "y", (2, 5)), call("a", "z", (4, 6))]
    assert prefix(history, 3) == (history[0], call("b", "y", (2, None)))


def test_a_history_prints_one_line_for_each_call() -> None:
    """Lines are in the order of invocation and numbered as in the history."""
    history = [call("b", "y", (2, None)), call("a", "x", (1, 3), 7)]
    assert render(history) == "  1  a [1..3] 'x' -> 7\n  0  b [2..?] 'y' -> ?"
