"""The summary of a run, the acceptance table, and the complaints about a run that proves too little."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from machines import summary
from machines.run_record import RunRecord
from machines.tally import Tally
from model.acceptance.criteria import criteria

TALLY = Tally(
    programs=1_234,
    calls=1,
    bursts=6,
    bursts_complete=3,
    bursts_contended=6,
    executions=98_765,
    rechecks=1_500,
    steps=1_234_567,
    outcomes=17,
    unknown=2,
    seconds=100.0,
    certificates={"sampled": 1, "complete to 0 preemptions": 1, "complete": 3, "complete to 1 preemption": 1},
    preemptions={"10": 5, "0": 98_000, "2": 760},
    faults={"crash": 31, "cancel": 1_000},
    exercised={
        "S0-AC3-2": {"versions_have_no_gaps": 40},
        "S0-AC1-2": {"times_are_kept": 0, "answers_are_explained": 12},
        "S0-AC3-3": {"the_winner_is_logged": 0},
    },
)
ARGUMENTS = ("--hypothesis-profile=nightly", "--seed=42")
RECORD = RunRecord("nightly", 42, ARGUMENTS, {"m:M": TALLY})
EMPTY = RunRecord("dev", 0, ("--hypothesis-profile=dev", "--seed=0"), {"m:M": Tally()})


def test_the_summary_reads_like_this() -> None:
    """The summary says what was run, how far it went, what happened on the way, and how to repeat it."""
    assert summary.lines(RECORD) == [
        f"run          profile nightly, seed 42; to repeat it: pytest machines {' '.join(ARGUMENTS)}",
        "programs     1,234: 1 single call, 6 bursts of clients at the same time, with 17 distinct outcomes",
        "bursts       50 % explored completely: 3 complete, 1 to 1 preemption, 1 to 0 preemptions, 1 sampled",
        "executions   98,765, with 1,234,567 steps, 988 a second in each process",
        "             1,500 repetitions, compared step for step",
        "preemptions  0 in 98,000 executions, 2 in 760, 10 in 5",
        "faults       1,000 cancel, 31 crash",
        "unknown      2 executions on which a judge gave up",
        "criteria     2 of 199 exercised, 1 tied but never exercised, 196 not yet checked",
    ]


def test_the_summary_of_nothing_reads_like_this() -> None:
    """A run in which nothing happened says so, and divides by nothing."""
    assert summary.lines(EMPTY)[1:7] == [
        "programs     0: 0 single calls, 0 bursts of clients at the same time, with 0 distinct outcomes",
        "bursts       none",
        "executions   0, with 0 steps",
        "             0 repetitions, compared step for step",
        "preemptions  none",
        "faults       none",
    ]


def test_the_table_has_a_row_for_every_criterion() -> None:
    """All 199 criteria are in the table, in their order, between a heading and the totals."""
    heading, *rows, totals = summary.acceptance_lines(RECORD)
    assert heading.split() == ["criterion", "status", "invariants"]
    assert [row.split()[0] for row in rows] == list(criteria())
    assert len(rows) == 199
    assert totals == (
        "profile nightly, seed 42: 2 of 199 exercised, 1 tied but never exercised, 196 not yet checked"
    )


@pytest.mark.parametrize(
    "row",
    [
        "S0-AC3-2    exercised 40           versions_have_no_gaps",
        "S0-AC1-2    exercised 12           answers_are_explained, times_are_kept",
        "S0-AC3-3    tied, never exercised  the_winner_is_logged",
        "S0-AC1-1    not yet checked        -",
    ],
)
def test_a_row_says_how_a_criterion_stands(row: str) -> None:
    """A criterion is exercised so many times, tied and never exercised, or not yet checked."""
    assert row in summary.acceptance_lines(RECORD)


def test_the_table_on_a_terminal_says_the_same() -> None:
    """The coloured table has the same rows, and the same totals."""
    text = StringIO()
    Console(file=text, width=200, color_system=None).print(summary.acceptance_table(RECORD))
    rich = [" ".join(line.split()) for line in text.getvalue().splitlines()]
    assert rich == [" ".join(line.split()) for line in summary.acceptance_lines(RECORD)]


def test_a_run_that_met_everything_is_not_complained_about() -> None:
    """Concurrency, preemptions, every kind of fault and every criterion: nothing is missing."""
    tally = Tally(
        bursts_contended=1, preemptions={"1": 1}, faults={"crash": 1}, exercised={"S0-AC3-2": {"x": 1}}
    )
    assert summary.complaints("m:M", tally, ["crash"]) == []


def test_a_run_is_told_what_it_did_not_meet() -> None:
    """No concurrency, no preemption, a fault or a criterion that was never met: each is named."""
    tally = Tally(preemptions={"0": 9}, faults={"crash": 3}, exercised={"S0-AC3-2": {"x": 0, "y": 0}})
    assert [str(complaint) for complaint in summary.complaints("m:M", tally, ["crash", "cancel"])] == [
        "m:M: no burst had two clients at work at the same time",
        "m:M: no execution had a preemption",
        "m:M: no cancel happened",
        "m:M: S0-AC3-2 is tied to x, y, and was never exercised",
    ]


def test_a_criterion_is_exercised_if_one_of_its_invariants_is() -> None:
    """Of several invariants tied to a criterion one that met its subject is enough."""
    tally = Tally(bursts_contended=1, preemptions={"1": 1}, exercised={"S0-AC3-2": {"x": 0, "y": 4}})
    assert summary.complaints("m:M", tally, []) == []
