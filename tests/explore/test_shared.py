"""`Shared` variables, and programs that declare what they share."""

from __future__ import annotations

from typing import Any

import trio
from trio.lowlevel import checkpoint

from machines.explore import Shared, explore


def two(touch: Any) -> Any:
    """A program of two tasks that touch one variable, in steps of their own."""

    async def scenario() -> int:
        variable = Shared(0, "number")

        async def task() -> None:
            await checkpoint()
            touch(variable)
            await checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(task)
            nursery.start_soon(task)
        return variable.get()

    return scenario


def test_reads_commute() -> None:
    """Two tasks that only read a variable need one execution."""
    assert explore(two(lambda each: each.get()), footprints="declared").executions == 1


def test_updates_commute() -> None:
    """So do two that update it."""
    result = explore(two(lambda each: each.update(lambda value: value + 1)), footprints="declared")
    assert (result.verdict, result.executions, result.outcomes[0].text) == ("holds", 1, "2")


def test_writes_do_not_commute() -> None:
    """Two that write it need two executions."""
    assert explore(two(lambda each: each.set(1)), footprints="declared").executions == 2


def test_nothing_commutes_where_nothing_is_declared() -> None:
    """Without the promise, every interleaving is executed."""
    assert explore(two(lambda each: each.get())).executions == 20


def test_a_lost_update_is_found_by_declared_footprints() -> None:
    """Reading and writing in two steps loses an update, and the reduced search finds both outcomes."""

    async def scenario() -> int:
        number = Shared(0, "number")

        async def add() -> None:
            seen = number.value
            await checkpoint()
            number.value = seen + 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(add)
            nursery.start_soon(add)
        return number.value

    declared, unknown = explore(scenario, footprints="declared"), explore(scenario)
    assert {each.text for each in declared.outcomes} == {each.text for each in unknown.outcomes} == {"1", "2"}
    assert declared.executions < unknown.executions


def test_variables_without_a_name_are_told_apart() -> None:
    """Two variables made inside the program are two, named or not."""

    async def scenario() -> tuple[int, int]:
        first, second = Shared(0), Shared(0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_set, first)
            nursery.start_soon(_set, second)
        return first.get(), second.get()

    assert explore(scenario, footprints="declared").executions == 1


async def _set(variable: Shared[int]) -> None:
    await checkpoint()
    variable.set(1)


def test_it_works_under_an_ordinary_run() -> None:
    """Under `trio.run` it is a variable like any other."""
    assert trio.run(two(lambda each: each.update(lambda value: value + 1))) == 2


def test_the_columns_say_what_is_done_to_it() -> None:
    """The report of a failure shows reads and writes of shared variables by name."""
    result = explore(two(lambda each: each.set(each.get() + 1)), check=lambda outcome: outcome == 3)
    assert result.failure is not None
    assert "number reads 0" in result.failure.columns
    assert "number becomes 2" in result.failure.columns
