"""A certificate says in words what may be claimed, and cannot say two things at once."""

from __future__ import annotations

import pytest

from machines.exploration.certificate import Certificate, Kind


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (Certificate("complete", 1), "complete: every schedule, 1 execution"),
        (Certificate("complete", 70), "complete: every schedule, 70 executions"),
        (
            Certificate("complete to preemptions", 5, 0),
            "complete to 0 preemptions: 5 executions, nothing is claimed beyond",
        ),
        (
            Certificate("complete to preemptions", 9, 1),
            "complete to 1 preemption: 9 executions, nothing is claimed beyond",
        ),
        (Certificate("sampled", 3), "sampled: 3 executions, nothing is claimed of the others"),
    ],
)
def test_certificate_in_words(certificate: Certificate, words: str) -> None:
    """The text says what is claimed, after how many executions, and what is not."""
    assert str(certificate) == words


def test_only_complete_is_complete() -> None:
    """A bounded claim and a sample are not complete."""
    assert Certificate("complete", 1).complete
    assert not Certificate("complete to preemptions", 1, 3).complete
    assert not Certificate("sampled", 1).complete


@pytest.mark.parametrize(
    ("kind", "bound"), [("complete", 2), ("sampled", 0), ("complete to preemptions", None)]
)
def test_contradictory_certificate_cannot_be_made(kind: Kind, bound: int | None) -> None:
    """A bound goes with a bounded claim and with nothing else."""
    with pytest.raises(AssertionError):
        Certificate(kind, 1, bound)
