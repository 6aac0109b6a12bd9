"""Convergence, locks, leaks, hash chains, error context, and how judges are put together."""

from typing import Any

import pytest
from attrs import evolve

from model.judges.audit import ChainedEntry, chain_digest, judge_hash_chain
from model.judges.composition import JudgeFailedError, judged, judged_by
from model.judges.convergence import Observation, judge_convergence
from model.judges.error_context import ErrorContext, ReportedError, judge_error_context
from model.judges.leaks import judge_leaks
from model.judges.locks import Holding, LockEvent, judge_deadlock, judge_holdings, judge_locks
from model.judges.verdict import Verdict
from model.specification.values import Record

# -- convergence

SEEN = [
    Observation(1, "a", "old"),
    Observation(1, "b", "new"),
    Observation(7, "a", "new"),
    Observation(7, "b", "new"),
]


def test_replicas_that_agree_by_the_deadline_have_converged() -> None:
    """What differed before is what makes it worth saying."""
    verdict = judge_convergence(SEEN, ["a", "b"], quiet_from=2, bound=5, expected="new")
    assert verdict.holds
    assert verdict.exercised == 1


def test_replicas_that_agree_on_the_wrong_state_have_not() -> None:
    """The state is the one that the last committed change determines."""
    assert judge_convergence(SEEN, ["a", "b"], 2, 5, expected="other").violated
    assert judge_convergence(SEEN, ["a", "b"], 2, 5).holds


def test_a_replica_that_differs_at_the_deadline_is_named() -> None:
    """With its state, the time, and what it should be."""
    late = [*SEEN[:2], Observation(7, "a", "old"), Observation(7, "b", "new")]
    verdict = judge_convergence(late, ["a", "b"], 2, 5, expected="new")
    assert verdict.explanation == (
        "a is in state 'old' at 7, 5 after changes and faults stopped; it should be 'new'"
    )


def test_a_state_that_is_left_again_is_not_converged() -> None:
    """A later reconciliation finds nothing to do."""
    assert judge_convergence([*SEEN, Observation(9, "b", "newer")], ["a", "b"], 2, 5).violated


def test_a_replica_that_was_not_looked_at_leaves_it_unknown() -> None:
    """Unknown, with its name; and so it is without replicas."""
    assert judge_convergence(SEEN, ["a", "b", "c"], 2, 5).explanation == "not observed at 7 or later: c"
    assert judge_convergence([], [], 2, 5).unknown


# -- locks


def event(at: float, action: Any, holder: str, token: int, until: float | None = None) -> LockEvent:
    """Something that happened to the lock x."""
    return LockEvent(at, action, "x", holder, token, until)


GRANTED, RELEASED = event(1, "granted", "a", 1), event(3, "released", "a", 1)


def test_a_lock_that_is_handed_on_holds() -> None:
    """Granted, used, released, granted to another."""
    again = [event(4, "granted", "b", 2, until=9), event(5, "used", "b", 2), event(12, "granted", "a", 3)]
    assert judge_locks([GRANTED, event(2, "used", "a", 1), RELEASED, *again]).exercised == 2


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([GRANTED, event(2, "granted", "b", 2)], "two holders at a time"),
        ([event(1, "granted", "a", 1, until=9), event(8, "granted", "b", 2)], "two holders at a time"),
        ([GRANTED, RELEASED, event(4, "granted", "b", 1)], "a token that is not larger than the one before"),
        ([GRANTED, RELEASED, event(4, "released", "a", 1)], "released twice"),
        ([GRANTED, event(2, "released", "b", 1)], "released by one who did not hold it"),
        (
            [event(1, "granted", "a", 1, until=2), event(3, "granted", "b", 2), event(4, "released", "a", 1)],
            "released under a newer lease",
        ),
        (
            [
                event(1, "granted", "a", 1, until=2),
                event(3, "granted", "b", 2),
                event(4, "used", "b", 2),
                event(5, "used", "a", 1),
            ],
            "used with an old token",
        ),
        ([GRANTED, event(2, "used", "b", 7)], "used with a token of somebody else"),
    ],
)
def test_what_a_lock_must_not_do_is_named(events: list[LockEvent], complaint: str) -> None:
    """Each with the event that it clashes with."""
    verdict = judge_locks(events)
    assert verdict.violated
    assert verdict.explanation.splitlines()[0] == complaint


def test_an_expired_lease_may_be_granted_again() -> None:
    """At the very moment of its end."""
    assert judge_locks([event(1, "granted", "a", 1, until=5), event(5, "granted", "b", 2)]).holds


def test_a_lock_that_is_never_released_is_lost() -> None:
    """Once nothing is in flight; a lease ends by itself."""
    assert judge_locks([GRANTED], ended_at=99).explanation.startswith("never released\n")
    assert judge_locks([GRANTED, RELEASED], ended_at=99).holds
    assert judge_locks([evolve(GRANTED, until=5)], ended_at=99).holds


def test_two_clients_that_knew_to_hold_a_lock_are_named() -> None:
    """Also where a third holding lies between them."""
    held = [Holding("x", "a", 1, 9), Holding("x", "b", 2, 3), Holding("y", "c", 2, 3)]
    assert (
        judge_holdings(held).explanation
        == "two holders at a time\n  a held x from 1 to 9\n  b held x from 2 to 3"
    )
    assert judge_holdings([*held[1:], Holding("x", "a", 3, None)]).holds
    assert judge_holdings([Holding("x", "a", 1, None), Holding("x", "b", 5, 6)]).violated


def test_a_deadlock_is_a_cycle_of_waiting() -> None:
    """The shortest one is told."""
    waits = {"a": ["b"], "b": ["c"], "c": ["a"], "d": ["e"], "e": ["d", "a"]}
    assert judge_deadlock(waits).explanation == "deadlock: d waits for e, e waits for d"
    assert judge_deadlock({"a": ["b"], "b": []}).holds
    assert judge_deadlock({"a": ["a"]}).explanation == "deadlock: a waits for a"


# -- leaks


def test_what_was_given_back_is_no_leak() -> None:
    """Exercised are the kinds that were in use in between."""
    verdict = judge_leaks({"tasks": 1}, {"tasks": 1, "timers": 0}, peak={"tasks": 4})
    assert verdict.holds
    assert verdict.exercised == 1


def test_what_is_left_over_is_counted_or_named() -> None:
    """By name where names are known; too few is wrong as well."""
    assert judge_leaks({"tasks": 1}, {"tasks": 3}).explanation == "tasks: 3, but 1 at the beginning"
    assert judge_leaks({}, {"files": ["a.tmp"]}).explanation == "files: 1, but 0 at the beginning"
    assert judge_leaks({"files": []}, {"files": ["a.tmp"]}).explanation == "files: a.tmp is left over"
    assert judge_leaks({"locks": ["x"]}, {"locks": []}).explanation == "locks: x is gone"


# -- hash chains


def chain(*contents: dict[str, object]) -> list[ChainedEntry]:
    """A chain of these entries."""
    entries: list[ChainedEntry] = []
    for sequence, content in enumerate(contents, start=1):
        previous = entries[-1].digest if entries else ""
        entries.append(ChainedEntry(sequence, content, previous, chain_digest(previous, Record(content))))
    return entries


WHOLE = chain({"event": "started"}, {"event": "step"}, {"event": "committed"})


def test_a_whole_chain_holds() -> None:
    """From its first to its known last digest."""
    assert judge_hash_chain(WHOLE, last=WHOLE[-1].digest).exercised == 3
    assert judge_hash_chain(WHOLE, last=WHOLE[1].digest).holds


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([WHOLE[0], WHOLE[2]], "entry 3 does not follow the entry before it"),
        (WHOLE[1:], "entry 2 does not follow the entry before it"),
        (
            [WHOLE[0], evolve(WHOLE[1], content={"event": "rejected"}), WHOLE[2]],
            "entry 2 is not what was digested",
        ),
        ([WHOLE[1], WHOLE[0], WHOLE[2]], "entry 2 does not follow the entry before it"),
        (WHOLE[:2], "the log has lost the end that it is known to have had"),
    ],
)
def test_a_chain_that_was_tampered_with_is_found_out(entries: list[ChainedEntry], complaint: str) -> None:
    """Removed, altered, reordered, cut off."""
    assert complaint in judge_hash_chain(entries, last=WHOLE[-1].digest).explanation.splitlines()


# -- error context

ERROR = ReportedError(
    code="VALIDATION_ERROR",
    kind="validation",
    is_retryable=False,
    service="ValidationService",
    operation="create",
    correlation="c1",
    entity="Ada",
    fields=[("openness", "RANGE")],
)
CONTEXT = ErrorContext("create", "Ada", "ValidationService", fields=[("openness", "RANGE")], causes=())


def test_an_error_with_all_its_context_holds() -> None:
    """Operation, entity, service, correlation id, fields, causes."""
    assert judge_error_context({"c1": ERROR}, {"c1": CONTEXT}, ["secret"]).holds


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"kind": "technical"}, "its kind is technical, that of its code is validation"),
        ({"is_retryable": True}, "a validation error is never to be retried"),
        ({"correlation": "c2"}, "it carries the correlation id c2"),
        ({"operation": "update"}, "its operation is 'update', and should be 'create'"),
        ({"fields": ()}, "a validation error names no field"),
        ({"fields": [("openness", "RANGE")] * 2}, "it names openness twice"),
        ({"causes": ["SERVICE_TIMEOUT"]}, "its causes are ['SERVICE_TIMEOUT'], and should be []"),
        ({"text": "UNIQUE constraint"}, "it tells 'UNIQUE', which is not to be told"),
    ],
)
def test_an_error_that_lacks_or_adds_something_is_named(changes: dict[str, Any], complaint: str) -> None:
    """With the request and the code."""
    verdict = judge_error_context({"c1": evolve(ERROR, **changes)}, {"c1": CONTEXT}, ["UNIQUE"])
    assert f"c1: VALIDATION_ERROR: {complaint}" in verdict.explanation.splitlines()


def test_errors_are_those_that_were_expected() -> None:
    """One too many, one too few."""
    assert judge_error_context({}, {"c1": CONTEXT}).explanation == "c1: an error was expected, and none came"
    assert judge_error_context({"c1": ERROR}, {}).violated


def test_a_business_error_names_no_fields() -> None:
    """Fields are for validation."""
    error = evolve(ERROR, code="DUPLICATE_NAME", kind="business")
    assert (
        "it names fields: openness" in judge_error_context({"c1": error}, {"c1": ErrorContext()}).explanation
    )


# -- composition


def test_verdicts_are_put_together_under_their_names() -> None:
    """Violated before unknown before holds; the explanation names the judges that decided."""
    bad, unsure, good = Verdict("violated", "lost", 1), Verdict("unknown", "gave up"), Verdict("holds", "", 2)
    whole = judged_by({"order": lambda: good, "rows": lambda: bad, "locks": lambda: unsure})
    assert (whole.outcome, whole.explanation, whole.exercised) == ("violated", "rows: lost", 3)
    assert judged_by({"order": lambda: good, "locks": lambda: unsure}).explanation == "locks: gave up"
    assert judged_by({"order": lambda: good}).holds
    assert judged_by({}).unknown


def test_a_judge_that_raises_is_a_failure_of_the_suite() -> None:
    """It is neither a violation nor silent, and names the judge."""

    def broken() -> Verdict:
        raise KeyError("x")

    with pytest.raises(JudgeFailedError, match="the judge of rows failed: KeyError") as caught:
        judged_by({"order": lambda: Verdict("violated", "lost"), "rows": broken})
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_judge_that_gives_no_verdict_is_a_failure_of_the_suite() -> None:
    """True is no verdict."""
    with pytest.raises(JudgeFailedError, match="which is no verdict"):
        judged("rows", lambda: True)  # type: ignore[arg-type, return-value] # that is the point
