"""`@every_interleaving`: an async test function as a pytest test."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import trio

from machines.explore import IncompleteSearch, InterleavingFailed, every_interleaving
from tests.explore import programs


@every_interleaving
async def test_a_decorated_test_is_an_ordinary_test() -> None:
    """Pytest runs it, and it passes under every interleaving."""
    assert await programs.three_writers()


@every_interleaving(executions=50, preemptions=1)
async def test_a_decorated_test_takes_options_and_fixtures(tmp_path: Any) -> None:
    """Options are given in brackets; fixtures come as ever."""
    assert tmp_path.exists()
    assert await programs.lost_update() in (1, 2)


def test_a_failure_carries_the_report() -> None:
    """An interleaving that fails is the test's failure, with everything that explains it."""

    @every_interleaving
    async def scenario() -> None:
        number = await programs.lost_update()
        assert number == 2, "an update was lost"

    with pytest.raises(InterleavingFailed) as caught:
        scenario()
    text = str(caught.value)
    assert text.startswith("scenario FAILS: AssertionError: an update was lost")
    assert caught.value.exploration.verdict == "fails"


def test_a_search_that_was_cut_off_does_not_pass() -> None:
    """A systematic search that is not complete fails, and says what to do."""
    with pytest.raises(
        IncompleteSearch, match="A search that is not complete does not pass: raise executions="
    ):
        every_interleaving(executions=3)(programs.lost_update)()


def test_an_accepted_gap_passes() -> None:
    """With `incomplete="pass"` a search that was cut off passes."""
    every_interleaving(executions=3, incomplete="pass")(programs.lost_update)()


def test_a_sample_that_was_asked_for_passes() -> None:
    """Who chooses a strategy that samples gets a sample."""
    every_interleaving(executions=5, strategy="random")(programs.lost_update)()


def test_a_sample_can_be_made_to_fail() -> None:
    """With `incomplete="fail"` a sample does not pass either."""
    with pytest.raises(IncompleteSearch):
        every_interleaving(executions=5, strategy="random", incomplete="fail")(programs.lost_update)()


def test_a_bound_that_was_reached_passes() -> None:
    """All schedules with so many preemptions are what was asked for."""
    every_interleaving(preemptions=1)(programs.lost_update)()


def test_a_token_replays_one_execution() -> None:
    """With a token, only that execution is run, and it fails again."""
    with pytest.raises(InterleavingFailed) as caught:
        every_interleaving(programs.raises)()
    failure = caught.value.exploration.failure
    assert failure is not None
    with pytest.raises(InterleavingFailed) as again:
        every_interleaving(replay=failure.token)(programs.raises)()
    assert again.value.exploration.executions == 1


def test_a_program_that_cannot_be_judged_does_not_pass() -> None:
    """What differs from one execution to the next is a failure of the test."""
    runs: list[int] = []

    @every_interleaving(incomplete="pass")
    async def scenario() -> int:
        runs.append(1)
        await trio.lowlevel.checkpoint()
        return len(runs)

    with pytest.raises(IncompleteSearch, match="the same schedule did two different things"):
        scenario()


def test_a_wrong_choice_is_refused_at_once() -> None:
    """A misspelt option is an error where the test is defined."""
    with pytest.raises(ValueError, match="incomplete is 'fail' or 'pass', not 'maybe'"):
        every_interleaving(incomplete="maybe")  # type: ignore[call-overload] # the mistake that it is about


def test_the_decorated_function_is_synchronous() -> None:
    """Plugins that run async tests leave it alone."""
    assert not inspect.iscoroutinefunction(every_interleaving(programs.raises))
