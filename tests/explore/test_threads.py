"""Functions meant for threads run inline, and the report says so."""

from __future__ import annotations

import threading

import trio

from machines.explore import explore


def work(number: int) -> int:
    """Meant for a thread."""
    return number + 1


async def uses_a_thread() -> int:
    """Runs a function in a thread."""
    return await trio.to_thread.run_sync(work, 41)


def test_a_function_meant_for_a_thread_runs_inline() -> None:
    """Its result comes as ever, and the report names it."""
    result = explore(uses_a_thread)
    assert (result.verdict, result.inlined) == ("holds", ("work",))
    assert [each.text for each in result.outcomes] == ["42"]
    assert "functions meant for threads ran inline, each as one step: work" in str(result)


def test_its_exception_comes_as_ever() -> None:
    """What it raises, the task that waits for it gets."""

    async def scenario() -> str:
        try:
            await trio.to_thread.run_sync(int, "x")
        except ValueError:
            return "caught"
        return "not caught"

    assert [each.text for each in explore(scenario).outcomes] == ["'caught'"]


def test_it_is_one_step_among_others() -> None:
    """Other tasks step before and after it: both orders are explored."""

    async def scenario() -> str:
        text = ""

        def inline() -> None:
            nonlocal text
            text += "t"

        async def other() -> None:
            nonlocal text
            await trio.lowlevel.checkpoint()
            text += "o"

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, inline)
            nursery.start_soon(other)
        return text

    result = explore(scenario)
    assert (result.verdict, {each.text for each in result.outcomes}) == ("holds", {"'to'", "'ot'"})


def test_calling_back_from_it_is_refused() -> None:
    """`trio.from_thread` needs a real thread, and is refused by name instead of blocking for ever."""

    async def scenario() -> None:
        await trio.to_thread.run_sync(trio.from_thread.run_sync, work, 1)

    result = explore(scenario)
    assert result.failure is not None
    assert result.failure.reason.kind == "refused"
    assert result.failure.reason.message.startswith("trio.from_thread")


def test_a_thread_of_ones_own_is_refused() -> None:
    """Starting a thread directly is the real world."""

    async def scenario() -> None:
        threading.Thread(target=work, args=(1,)).start()

    result = explore(scenario)
    assert result.failure is not None
    assert result.failure.reason.message.startswith("starting a thread inside an execution")


def test_threads_are_threads_again_afterwards() -> None:
    """After an exploration trio's threads are real."""
    explore(uses_a_thread)
    assert trio.run(trio.to_thread.run_sync, threading.get_ident) != threading.get_ident()
