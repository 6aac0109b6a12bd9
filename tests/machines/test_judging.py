"""What an invariant says is a violation, an error of the suite, or a count; never anything in between."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.reporting import with_reporter
from hypothesis.stateful import run_state_machine_as_test

from machines.counterexample.record import Counterexample
from machines.evidence import Evidence
from machines.invariants import Finding, Invariant, VacuousInvariantError, invariant, invariants_of
from machines.machine import Violation, violation
from machines.program import Faults, Phase
from machines.tally import Tally
from model.acceptance.registry import acceptance
from model.judges.linearizability import LinearizabilityJudge
from tests.counterexample.toy import Increment
from tests.machines.toy import (
    CROSSING,
    FailingSubject,
    Sliding,
    SteadyMachine,
    SteadySubject,
    UnjudgedMachine,
    variant,
)

A = Increment("a")


def judging(returned: object) -> type[SteadyMachine]:
    """A machine with an invariant that returns, or raises, this."""

    def says_so(_machine: object, _evidence: Evidence) -> int:
        """What it is told to say."""
        if isinstance(returned, BaseException):
            raise returned
        return returned  # type: ignore[return-value] # that is the point

    return variant(says_so=invariant()(says_so))


@pytest.mark.parametrize("returned", [None, "all", -1, 1.5])
def test_an_invariant_that_does_not_count_is_refused(returned: object) -> None:
    """An invariant that does not say how many cases it looked at is an error of the suite."""
    with pytest.raises(
        VacuousInvariantError, match=r"SteadyMachine\.says_so returned .* how many cases it looked at"
    ):
        judging(returned)().call(A)


def test_an_assertion_in_an_invariant_is_a_violation() -> None:
    """A failed assertion is a violation with its message, and with the invariant's own sentence."""
    with pytest.raises(Violation) as caught:
        judging(AssertionError("too few"))().call(A)
    finding = caught.value.counterexample.finding
    assert (finding.invariant, finding.message, finding.sentence) == (
        "says_so",
        "too few",
        "What it is told to say.",
    )


def test_an_assertion_without_a_message_is_still_a_violation() -> None:
    """A bare assertion does not leave the reader with nothing."""
    with pytest.raises(Violation, match="says_so: the assertion carries no message"):
        judging(AssertionError())().call(A)


def test_another_exception_in_an_invariant_is_an_error_of_the_suite() -> None:
    """A bug in an invariant passes as it is, with a note that says where it is, and is no violation."""
    with pytest.raises(KeyError) as caught:
        judging(KeyError("nme"))().call(A)
    assert caught.value.__notes__ == [
        "This is an error in the invariant SteadyMachine.says_so, not in the system."
    ]


def test_a_judge_that_gave_up_counts_as_unknown() -> None:
    """An execution on which the judge gives up counts as unknown, exercises nothing, and is gone on from."""
    judge = LinearizabilityJudge(SteadySubject.specification, steps_max=0)
    machine = variant(_judge=judge)()
    machine.interleave([[A], [A]])
    machine.call(A)
    assert machine.tally.unknown == machine.tally.executions == 7
    assert machine.tally.exercised == {"S0-AC3-4": {"answers_are_explained": 0}}
    assert machine.model == (("a", 3),)


def test_a_violated_verdict_that_nobody_minds_does_not_stop_the_machine() -> None:
    """Without an invariant that asks for the verdict, the model goes on from what is stored."""
    machine = variant(UnjudgedMachine, _judge=None)()
    machine.interleave([[A], [A]], Faults(crashes=1))
    assert machine.model == machine.rows["counter"]


@pytest.mark.parametrize(
    ("counter", "invariant_name", "text"),
    [
        ("raise", "TaskFailedError", "a ended with ZeroDivisionError: there is no such counter"),
        ("stuck", "DeadlockError", "a waits for Event.wait at machines/toy.py"),
        ("background", "LeftoverTasksError", "the janitor waits for trio.sleep_forever"),
        ("open", "nothing_is_open", "left over: {'.*': 1"),
    ],
)
def test_an_execution_without_a_proper_end_is_a_violation(
    counter: str, invariant_name: str, text: str
) -> None:
    """An unhandled exception, a wait for nothing, a task or a transaction left over: each in clear words."""
    with pytest.raises(Violation, match=text) as caught:
        variant(UnjudgedMachine, subject=FailingSubject())().call(Increment(counter))
    assert caught.value.counterexample.finding.invariant == invariant_name


def test_a_deadlock_names_who_waits_for_whom() -> None:
    """Locks taken in opposite order are a violation where their holders meet, and it names both."""
    with pytest.raises(Violation) as caught:
        variant(UnjudgedMachine)().interleave(CROSSING)
    assert "a waits for Lock.__aenter__ held by b" in str(caught.value)
    assert "b waits for Lock.__aenter__ held by a" in str(caught.value)


def test_violations_of_different_invariants_are_different_exceptions() -> None:
    """Hypothesis tells failures apart by their type, so each invariant has its own, and only one."""
    found = [_violated("one"), _violated("two"), _violated("one")]
    assert type(found[0]) is type(found[2]) is not type(found[1])


def _violated(name: str) -> Violation:
    machine = type("Machine", (SteadyMachine,), {name: invariant()(_never), "tally": Tally()})()
    with pytest.raises(Violation) as caught:
        machine.call(A)
    return violation(Counterexample.of(machine.program, caught.value.counterexample.finding, 1))


def _never(_machine: object, _evidence: Evidence) -> int:
    raise AssertionError("never right")


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_shrinking_does_not_slide_from_one_invariant_to_another(seed: int) -> None:
    """What is reported in the end violates the invariant that was violated first, at its smallest."""
    first: list[str] = []

    class Watched(Sliding):
        _hypothesis_internal_use_seed = seed

        def _violation(self, phase: Phase, finding: Finding) -> Violation:
            first.append(finding.invariant)
            return super()._violation(phase, finding)

    chosen = settings(max_examples=50, database=None, report_multiple_bugs=False)
    with pytest.raises(Violation) as caught, with_reporter(lambda _text: None):
        run_state_machine_as_test(Watched, settings=chosen)
    counterexample = caught.value.counterexample
    assert counterexample.finding.invariant == first[0]
    assert len(counterexample.program.phases) == {"few_are_counted": 3, "begins_with_b": 1}[first[0]]


def test_invariants_of_bases_come_first() -> None:
    """A machine asks the invariants of its bases before its own; an overriding one keeps the place."""
    names = [one.name for one in invariants_of(UnjudgedMachine)]
    assert names == ["answers_are_explained", "nothing_is_open"]


def test_an_invariant_knows_its_sentence_and_its_criteria() -> None:
    """The first paragraph of the docstring is the sentence; the ids come from the decorator."""
    [first] = invariants_of(SteadyMachine)
    assert isinstance(first, Invariant)
    assert (first.sentence, first.criteria) == (
        "Some order of the operations explains every answer.",
        ("S0-AC3-4",),
    )


def test_a_criterion_tied_to_a_machine_is_exercised_by_every_execution() -> None:
    """A machine itself may be tied to a criterion: then each of its executions counts."""
    tied = acceptance("S0-TOOL-1")(variant())
    machine = tied()
    assert machine.tally.exercised["S0-TOOL-1"] == {"SteadyMachine": 0}
    machine.interleave([[A], [A]])
    assert machine.tally.exercised["S0-TOOL-1"] == {"SteadyMachine": 6}
