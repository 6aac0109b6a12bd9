"""The sweep over versioned registers, case by case."""

from collections.abc import Hashable

import pytest

from model.history import INDETERMINATE, Call, Failed, IllFormedError
from model.judges.registers import NotVersionedError, RegisterSweep, VersionedVerdict, judge_versioned
from model.specification.registers import UNTOLD, CompareAndSet, Conflict, Read, Versioned, Write

READ = Read("x")


def judged(*calls: tuple[object, tuple[int, int | None], object]) -> VersionedVerdict:
    """The verdict on calls given as operation, times, answer; each of a client of its own."""
    history = [
        Call(f"client {at}", operation, invoked, returned, INDETERMINATE if returned is None else answer)
        for at, (operation, (invoked, returned), answer) in enumerate(calls)
    ]
    return judge_versioned(history)


def saw(version: int, value: Hashable = UNTOLD) -> Versioned:
    """The answer to a read."""
    return Versioned(version, value)


def test_writes_and_reads_in_turn_hold() -> None:
    """Versions in the order of time, each with its value."""
    verdict = judged(
        (Write("x", 5), (1, 2), 1), (READ, (3, 4), saw(1, 5)), (CompareAndSet("x", 1, 6), (5, 6), 2)
    )
    assert verdict.holds
    assert verdict.exercised == 3


def test_a_stale_read_clashes_with_what_was_seen_before_it() -> None:
    """A read begun after a newer version was answered: the pair is named, the earlier call first."""
    verdict = judged((Write("x", 5), (1, 2), 1), (READ, (3, 4), saw(0)))
    assert verdict.clash == (0, 1)
    assert verdict.explanation.splitlines()[0] == "saw version 0, after version 1 had been made"


def test_a_concurrent_read_may_see_either_version() -> None:
    """Calls that overlap a write are free to come before or after it, and equal times overlap."""
    assert judged((Write("x", 5), (1, 4), 1), (READ, (2, 3), saw(0)), (READ, (2, 3), saw(1))).holds
    assert judged((Write("x", 5), (1, 2), 1), (READ, (2, 3), saw(0))).holds


def test_a_version_is_not_seen_before_its_write_is_called() -> None:
    """A read answered before the write began clashes with it."""
    assert judged((READ, (1, 2), saw(1)), (Write("x", 5), (3, 4), 1)).clash == (0, 1)


def test_a_version_has_one_writer() -> None:
    """Two writes that made the same version are a lost update."""
    verdict = judged((CompareAndSet("x", 0, 5), (1, 4), 1), (CompareAndSet("x", 0, 6), (2, 5), 1))
    assert verdict.clash == (0, 1)
    assert verdict.explanation.startswith("both made version 1\n")


def test_readers_agree_on_the_value_of_a_version() -> None:
    """A version has the value that its writer gave it, for everybody."""
    assert judged((Write("x", 5), (1, 2), 1), (READ, (3, 4), saw(1, 6))).clash == (0, 1)
    assert judged((READ, (3, 4), saw(0, None)), (READ, (3, 4), saw(0, 6))).violated


def test_a_compare_and_set_makes_the_version_after_the_one_it_expected() -> None:
    """Any other is a violation by itself."""
    assert judged((Write("x", 5), (1, 2), 1), (CompareAndSet("x", 0, 6), (3, 4), 2)).clash == (1,)


def test_a_failed_compare_and_set_is_an_observer_of_what_it_tells() -> None:
    """It read the current version, which must be possible and not the one that it expected."""
    write = (Write("x", 5), (1, 2), 1)
    assert judged(write, (CompareAndSet("x", 0, 6), (3, 4), Conflict(1))).holds
    assert judged(write, (CompareAndSet("x", 1, 6), (3, 4), Conflict(0))).clash == (0, 1)
    assert judged(write, (CompareAndSet("x", 1, 6), (3, 4), Conflict(1))).clash == (1,)


def test_a_failed_compare_and_set_that_tells_nothing_saw_some_other_version() -> None:
    """There has to be a moment in its interval at which the version was another one."""
    write = (Write("x", 5), (1, 2), 1)
    assert judged(write, (CompareAndSet("x", 1, 6), (3, 6), Conflict(None)), (Write("x", 7), (4, 5), 2)).holds
    assert judged(
        write, (CompareAndSet("x", 1, 6), (3, 6), Conflict(None)), (Write("x", 7), (7, 8), 2)
    ).violated
    assert judged(write, (CompareAndSet("x", 1, 6), (3, 6), Conflict(None))).violated


def test_an_unanswered_write_counts_once_it_is_seen() -> None:
    """Seen, it happened, once; unseen, it may not have."""
    lost = (Write("x", 5), (1, None), None)
    assert judged(lost, (READ, (3, 4), saw(0)), (READ, (5, 6), saw(1, 5))).holds
    assert judged(lost, (READ, (3, 4), saw(1, 6))).violated
    assert judged(lost, (READ, (3, 4), saw(1)), (READ, (5, 6), saw(2))).violated
    assert judged(lost, (READ, (3, 4), saw(1)), (READ, (5, 6), saw(0))).clash == (1, 2)


def test_an_unanswered_write_does_not_count_before_it_was_called() -> None:
    """Nor does one that compared with another version, or had another value."""
    assert judged((READ, (1, 2), saw(1)), (Write("x", 5), (3, None), None)).violated
    assert judged((CompareAndSet("x", 1, 5), (1, None), None), (READ, (2, 3), saw(1))).violated
    assert judged((CompareAndSet("x", 0, 5), (1, None), None), (READ, (2, 3), saw(1, 5))).holds


def test_versions_nobody_made_have_no_gap_to_hide_in() -> None:
    """A version that was skipped needs a write that may have made it."""
    verdict = judged((Write("x", 5), (1, 2), 1_000_000_000))
    assert verdict.explanation.startswith("version 1 was there by then, and no write can have made it\n")
    assert judged((Write("x", 5), (1, 2), 2), (Write("x", 6), (1, None), None)).holds


def test_the_latest_possible_unanswered_write_is_taken_where_the_value_is_known() -> None:
    """So the earlier ones are left for versions that nobody saw."""
    early, late = (Write("x", 5), (0, None), None), (Write("x", 5), (4, None), None)
    unseen = (Write("x", 7), (1, 3), 2)
    assert judged(early, late, unseen, (READ, (6, 7), saw(3, 5))).holds
    assert judged(late, late, unseen, (READ, (6, 7), saw(3, 5))).violated


def test_what_was_there_before_counts() -> None:
    """Registers begin at the version and value given."""
    history = [Call("a", READ, 1, 2, saw(7, "old")), Call("b", Write("x", 1), 3, 4, 8)]
    assert judge_versioned(history, {"x": Versioned(7, "old")}).holds
    assert judge_versioned(history, {"x": Versioned(7, "other")}).violated
    assert judge_versioned(history, {"x": Versioned(8, "old")}).violated


def test_registers_are_independent() -> None:
    """A version of one key says nothing of another."""
    assert judged((Write("x", 5), (1, 2), 1), (Read("y"), (3, 4), saw(0, None))).holds


def test_a_failure_that_promises_no_effect_takes_no_part() -> None:
    """It neither made a version nor saw one."""
    assert judged((Write("x", 5), (1, 2), Failed("NO")), (READ, (3, 4), saw(0))).holds


def test_answers_of_another_kind_are_refused() -> None:
    """What is no answer of a versioned register is an error of the caller."""
    with pytest.raises(NotVersionedError, match="cannot be answered"):
        judged((READ, (1, 2), 5))
    with pytest.raises(NotVersionedError, match="cannot be answered"):
        judged((Write("x", 5), (1, 2), True))


def test_an_ill_formed_history_is_refused() -> None:
    """As by the search."""
    with pytest.raises(IllFormedError):
        judge_versioned([Call("a", READ, 2, 1, saw(0))])


def test_the_sweep_finds_the_clash_at_the_answer_that_completes_it() -> None:
    """Told of answers as they come, it needs no history."""
    sweep = RegisterSweep()
    begun = sweep.floor, sweep.floor_call
    assert sweep.answered(0, Write("x", 5), 1, begun, 2) is None
    later = sweep.floor, sweep.floor_call
    assert sweep.answered(1, READ, saw(0), begun, 3) is None
    assert sweep.answered(2, READ, saw(0), later, 4) == (
        "saw version 0, after version 1 had been made",
        (0, 2),
    )
