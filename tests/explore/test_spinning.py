"""Programs that busy-wait: neither endless nor unfair, and a livelock is called one."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.lowlevel import checkpoint

from machines.exploration.strategy import STRATEGIES
from machines.explore import Shared, explore, replay
from tests.explore import programs


def test_a_search_with_busy_waiting_comes_to_an_end() -> None:
    """A task that spins until something changes makes the search finite, not endless."""
    result = explore(programs.waits_busily)
    assert (result.verdict, result.certificate.kind) == ("holds", "complete")
    assert [each.text for each in result.outcomes] == ["'done'"]
    assert any("busy-wait" in note for note in result.notes)


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_no_strategy_starves_what_is_waited_for(strategy: str) -> None:
    """Under every strategy the task that the others wait for steps in the end."""
    result = explore(programs.waits_busily, strategy=strategy, executions=50)
    assert result.verdict in ("holds", "unknown")


def test_a_timeout_around_a_spinning_loop_passes() -> None:
    """Time passes while tasks only spin: to the next deadline."""
    result = explore(programs.spins_under_a_timeout)
    assert (result.verdict, [each.text for each in result.outcomes]) == ("holds", ["5.0"])


def test_a_loop_that_watches_the_clock_sees_it_move() -> None:
    """Time passes for a loop that asks for the time."""
    assert explore(programs.watches_the_clock).verdict == "holds"


def test_a_loop_that_nothing_ends_is_a_livelock() -> None:
    """When all that can step only spin, that is reported by name and place."""
    result = explore(programs.spins_for_ever)
    assert result.failure is not None
    assert result.failure.reason.kind == "livelock"
    assert "spins_for_ever at explore/programs.py:" in result.failure.reason.message


def test_two_that_give_way_to_each_other_are_a_livelock() -> None:
    """A fair cycle of several tasks is found, although each of them steps and changes something."""
    result = explore(programs.after_you)
    assert result.failure is not None
    assert result.failure.reason.kind == "livelock"
    assert len(result.failure.minimised.after.tokens) <= 20


def test_a_livelock_is_replayed() -> None:
    """The token of a livelock leads to the livelock."""
    result = explore(programs.after_you)
    assert result.failure is not None
    again = replay(programs.after_you, result.failure.token)
    assert again.failure is not None
    assert again.failure.reason.key == ("livelock",)


def test_a_long_computation_is_no_livelock() -> None:
    """Many steps that each change a number are just many steps."""
    result = explore(programs.computes_for_long)
    assert (result.verdict, result.notes) == ("holds", ())


async def hidden_counters() -> str:
    """Loops whose progress is in no variable: in an iterator, a generator, a stream of random numbers."""
    import random  # noqa: PLC0415 - as user code does

    for _ in [None] * 400:
        await checkpoint()
    for _ in (None for _ in range(400)):
        await checkpoint()
    while random.random() > 0.01:  # noqa: S311 - its progress is the stream
        await checkpoint()
    return "out"


def test_progress_that_no_variable_shows_is_progress() -> None:
    """The state of iterators, generators and of the random stream is part of the state."""
    assert [each.text for each in explore(hidden_counters).outcomes] == ["'out'"]


def test_outcomes_are_those_of_a_program_that_waits_properly() -> None:
    """Resting loses no outcome: the same program with an event has the same ones."""

    def program(*, busily: bool) -> Any:
        async def scenario() -> str:
            text, ready = "", trio.Event()

            async def write(letter: str) -> None:
                nonlocal text
                text += letter
                await checkpoint()
                text += letter
                ready.set()

            async def wait() -> None:
                nonlocal text
                if busily:
                    while not ready.is_set():
                        await checkpoint()
                else:
                    await ready.wait()
                text += "!"

            async with trio.open_nursery() as nursery:
                nursery.start_soon(write, "a")
                nursery.start_soon(write, "b")
                nursery.start_soon(wait)
            return text

        return scenario

    busy, proper = explore(program(busily=True)), explore(program(busily=False))
    assert (busy.verdict, proper.verdict) == ("holds", "holds")
    assert {each.text for each in busy.outcomes} == {each.text for each in proper.outcomes}


def test_where_the_state_cannot_be_seen_fairness_remains() -> None:
    """A loop beside an object that cannot be looked into ends, and the certificate claims nothing."""

    class Opaque:
        def __reduce_ex__(self, _: object) -> Any:
            raise TypeError("no")

        __slots__ = ()

    async def scenario() -> str:
        done, opaque = False, Opaque()

        async def work() -> None:
            nonlocal done
            await checkpoint()
            done = True

        async with trio.open_nursery() as nursery:
            nursery.start_soon(work)
            while not done and opaque is not None:
                await checkpoint()
        return "done"

    result = explore(scenario, executions=20)
    assert (result.verdict, result.certificate.kind) == ("unknown", "sampled")
    assert any("starves" in note for note in result.notes)


def test_declared_footprints_and_busy_waiting_go_together() -> None:
    """Where tasks busy-wait, the search falls back to unknown footprints, and says so."""

    async def scenario() -> int:
        flag = Shared(0, "flag")

        async def work() -> None:
            await checkpoint()
            flag.set(1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(work)
            while not flag.get():
                await checkpoint()
        return flag.get()

    result = explore(scenario, footprints="declared")
    assert result.verdict == "holds"
    assert any("declared footprints are not used" in note for note in result.notes)
