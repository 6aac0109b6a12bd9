"""Verdicts compose without ever turning unknown into holds."""

from itertools import product

import pytest

from model.judges.verdict import Outcome, Verdict, all_of, from_complaints

OUTCOMES: list[Outcome] = ["holds", "violated", "unknown"]


@pytest.mark.parametrize(("first", "second"), list(product(OUTCOMES, OUTCOMES)))
def test_the_worst_outcome_wins(first: Outcome, second: Outcome) -> None:
    """Violated before unknown before holds."""
    together = all_of(Verdict(first, "1", 2), Verdict(second, "2", 3))
    expected = max(first, second, key=["holds", "unknown", "violated"].index)
    assert together.outcome == expected
    assert together.exercised == 5


def test_nothing_judged_is_unknown() -> None:
    """No verdicts do not amount to a good one."""
    assert all_of().unknown


def test_only_what_decided_explains() -> None:
    """The explanation is that of the verdicts that have the outcome, in order."""
    parts = [Verdict("violated", "a"), Verdict("unknown", "b"), Verdict("violated", "c")]
    assert all_of(*parts).explanation == "a\nc"


def test_a_verdict_is_no_truth_value() -> None:
    """Asking whether a verdict is true is refused, since unknown is neither."""
    with pytest.raises(TypeError, match="three outcomes"):
        bool(Verdict("holds"))


def test_a_verdict_says_which_of_three_it_is() -> None:
    """Exactly one of the three questions is answered with yes."""
    for outcome in OUTCOMES:
        verdict = Verdict(outcome)
        assert [verdict.holds, verdict.violated, verdict.unknown] == [outcome == each for each in OUTCOMES]


def test_complaints_make_it_violated() -> None:
    """One line for each complaint; without any it holds."""
    assert from_complaints(["a", "b"], 3) == Verdict("violated", "a\nb", 3)
    assert from_complaints([], 3) == Verdict("holds", "", 3)
