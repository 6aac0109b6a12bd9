"""Verdicts: what fails, what holds, and what is not known."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest
import trio
from trio.lowlevel import checkpoint

from machines.exploration.strategy import STRATEGIES
from machines.explore import explore
from tests.explore import programs


def found(scenario: Any, **options: Any) -> tuple[str, str]:
    """The kind and the text of the failure."""
    result = explore(scenario, **options)
    assert result.verdict == "fails"
    assert result.failure is not None
    return result.failure.reason.kind, str(result.failure.reason)


def test_an_exception_is_a_failure() -> None:
    """A program that raises under some schedule fails, with the exception and its line."""
    kind, text = found(programs.raises)
    assert kind == "raises"
    assert text.startswith("KeyError: 'second', at explore/programs.py:")


def test_a_deadlock_is_a_failure() -> None:
    """A program that deadlocks under some schedule fails, and the report says who waits for what."""
    kind, text = found(programs.deadlock)
    assert kind == "deadlock"
    assert text.count(" held by ") == 2


def test_a_task_left_behind_is_a_failure() -> None:
    """A program that ends before its tasks fails."""
    kind, text = found(programs.leaves_a_task)
    assert (kind, "sleep_forever" in text) == ("leftovers", True)


def test_a_program_that_takes_too_long_fails() -> None:
    """A program that has not ended after its virtual seconds hangs, and the report says where."""
    kind, text = found(programs.ticks_for_ever)
    assert kind == "hang"
    assert text.startswith("after 10000 virtual seconds the program has not ended. ")
    assert "`await trio.sleep(60)`" in text


def test_the_limit_is_the_last_moment_allowed() -> None:
    """A program may take exactly its virtual seconds."""

    async def sleeps() -> None:
        await trio.sleep(50)

    assert explore(sleeps, virtual_seconds=50).verdict == "holds"
    assert explore(sleeps, virtual_seconds=49.9).verdict == "fails"


def test_a_coroutine_that_is_not_awaited_is_a_failure() -> None:
    """A call without its await never happens, and that is reported."""
    assert found(programs.forgets_to_await)[0] == "unawaited"


def test_the_real_world_is_refused_by_name() -> None:
    """A program that reaches for real time is told what it reached for."""
    kind, text = found(programs.sleeps_in_earnest)
    assert kind == "refused"
    assert text.startswith("time.sleep inside an execution")


def test_a_refusal_that_is_swallowed_is_a_failure_too() -> None:
    """The program cannot hide that it reached for the real world."""

    async def swallows() -> None:
        with contextlib.suppress(Exception):
            await programs.sleeps_in_earnest()
        await trio.sleep_forever()

    assert found(swallows)[0] == "refused"


def test_a_program_that_never_ends_reaches_the_step_limit() -> None:
    """A program that goes on doing something new is cut off, and the report says so."""
    kind, text = found(programs.never_ends)
    assert kind == "step limit"
    assert text.startswith("after 20000 steps the execution has not ended")


def test_a_check_that_raises_is_a_failure() -> None:
    """`check` judges what the program returned."""

    def check(outcome: int) -> None:
        if outcome != 2:
            raise ArithmeticError(f"{outcome} is not two")

    kind, text = found(programs.lost_update, check=check)
    assert kind == "check"
    assert text.startswith("ArithmeticError: 1 is not two, at explore/test_verdicts.py:")


def test_a_check_that_returns_false_is_a_failure() -> None:
    """False is a refusal; None and everything else is consent."""
    assert found(programs.lost_update, check=lambda outcome: outcome == 2) == ("check", "check(1) is False")
    assert explore(programs.lost_update, check=lambda _: None).verdict == "holds"


def test_outcomes_are_told_apart_with_a_witness_each() -> None:
    """Each distinct return value comes with a schedule that leads to it."""
    result = explore(programs.three_writers)
    assert result.verdict == "holds"
    texts = {outcome.text for outcome in result.outcomes}
    assert texts == {repr("".join(order)) for order in itertools.permutations("abc")}
    assert len({str(outcome.schedule) for outcome in result.outcomes}) == 6


def test_addresses_do_not_make_outcomes_distinct() -> None:
    """The address in the repr of an object is no part of an outcome."""

    async def returns_an_object() -> object:
        await checkpoint()
        return object()

    assert [each.text for each in explore(returns_an_object).outcomes] == ["<object object at 0x..>"]


def test_a_complete_search_holds() -> None:
    """Where every schedule was executed and none failed, the verdict is `holds`."""
    result = explore(programs.lost_update)
    assert (result.verdict, result.certificate.kind) == ("holds", "complete")
    assert result.executions == result.certificate.executions == 6


def test_a_search_that_was_cut_off_is_unknown() -> None:
    """A budget that ends too early leaves the verdict open, whatever the strategy."""
    result = explore(programs.lost_update, executions=5)
    assert (result.verdict, result.certificate.kind) == ("unknown", "sampled")


def test_a_budget_that_is_just_enough_is_enough() -> None:
    """The last execution of a search completes it."""
    assert explore(programs.lost_update, executions=6).verdict == "holds"


def test_a_bound_of_preemptions_holds_to_that_bound() -> None:
    """With a bound, the claim is exactly the bound, and the verdict is `holds`."""
    result = explore(programs.lost_update, preemptions=0)
    assert (result.verdict, result.certificate.kind) == ("holds", "complete to preemptions")
    assert str(result.certificate).startswith("complete to 0 preemptions: 2 executions")


def test_a_bound_that_was_not_reached_is_unknown() -> None:
    """A bounded search whose budget ended below the bound claims nothing."""
    assert explore(programs.lost_update, preemptions=1, executions=2).verdict == "unknown"


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_finds_the_lost_update(strategy: str) -> None:
    """Each strategy finds a race that half of the schedules have."""
    result = explore(
        programs.lost_update, strategy=strategy, executions=200, check=lambda outcome: outcome == 2
    )
    assert result.verdict == "fails"


@pytest.mark.parametrize("strategy", ["pct", "pos", "portfolio", "random", "uniform"])
def test_a_sample_without_a_failure_is_unknown(strategy: str) -> None:
    """A strategy that samples does not prove anything."""
    result = explore(programs.lost_update, strategy=strategy, executions=4)
    assert result.verdict == "unknown"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"strategy": "luck"}, "no exploration strategy is called 'luck'"),
        ({"executions": 0}, "the number of executions must be at least 1, not 0"),
        ({"preemptions": -1}, "the number of preemptions must be at least 0, not -1"),
        ({"preemptions": 1, "strategy": "pct"}, "goes with no strategy or 'bounded', not 'pct'"),
        ({"virtual_seconds": 0}, "must be a finite number above 0, not 0"),
        ({"footprints": "guessed"}, "footprints are 'unknown' or 'declared', not 'guessed'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], complaint: str) -> None:
    """A wrong option is an error before anything runs."""
    with pytest.raises(ValueError, match=complaint.replace("(", r"\(")):
        explore(programs.lost_update, **options)


def test_a_scenario_must_be_async() -> None:
    """A plain function is no scenario."""
    with pytest.raises(TypeError, match="must be an async function"):
        explore(lambda: None)  # type: ignore[arg-type, return-value] # the mistake that it is about


def test_exploring_inside_trio_is_refused() -> None:
    """`explore` runs trio itself."""

    async def inside() -> None:
        explore(programs.lost_update)

    with pytest.raises(RuntimeError, match="call it from ordinary code"):
        trio.run(inside)


def test_what_is_kept_between_executions_is_noticed() -> None:
    """A program that behaves differently the second time is not judged."""
    runs: list[int] = []

    async def remembers() -> int:
        runs.append(1)
        await checkpoint()
        return len(runs)

    result = explore(remembers)
    assert result.verdict == "unknown"
    assert "the same schedule did two different things" in result.problem


def test_an_ordinary_run_works_afterwards() -> None:
    """Exploring leaves trio as it was."""
    explore(programs.lost_update)
    assert trio.run(programs.lost_update) in (1, 2)
