"""Small programs to explore, each with one thing wrong, or nothing."""

from __future__ import annotations

import trio
from trio.lowlevel import checkpoint


async def lost_update() -> int:
    """Two tasks add one to a number; each reads it, lets others go first, and writes it."""
    number = 0

    async def add() -> None:
        nonlocal number
        seen = number
        await checkpoint()
        number = seen + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(add)
        nursery.start_soon(add)
    return number


async def raises() -> None:
    """One order of two tasks is a mistake."""
    order: list[str] = []

    async def note(name: str) -> None:
        await checkpoint()
        order.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(note, "first")
        nursery.start_soon(note, "second")
    if order != ["first", "second"]:
        raise KeyError(order[0])


async def deadlock() -> None:
    """Two tasks take two locks in different orders."""
    left, right = trio.Lock(), trio.Lock()

    async def take(one: trio.Lock, other: trio.Lock) -> None:
        async with one, other:
            await checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take, left, right)
        nursery.start_soon(take, right, left)


async def leaves_a_task() -> None:
    """A system task is left behind."""
    trio.lowlevel.spawn_system_task(trio.sleep_forever)
    await checkpoint()


async def ticks_for_ever() -> None:
    """A timer that never stops."""
    while True:  # noqa: ASYNC110 - a timer is what it is about
        await trio.sleep(60)


async def forgets_to_await() -> None:
    """A call that never happens."""
    checkpoint()  # type: ignore[unused-coroutine] # noqa: ASYNC105 - the mistake that it is about
    await checkpoint()


async def sleeps_in_earnest() -> None:
    """Real time is none of a program's business."""
    import time  # noqa: PLC0415 - as user code does

    time.sleep(1)  # noqa: ASYNC251 - the mistake that it is about


async def never_ends() -> None:
    """A task that always does something new."""
    number = 0
    while True:
        number += 1
        await checkpoint()


async def waits_busily() -> str:
    """A task that spins until another one has done its work."""
    done = False

    async def work() -> None:
        nonlocal done
        await checkpoint()
        await checkpoint()
        done = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        while not done:
            await checkpoint()
    return "done"


async def spins_under_a_timeout() -> float:
    """A loop that only its timeout ends."""
    with trio.move_on_after(5):
        while True:
            await checkpoint()
    return trio.current_time()


async def watches_the_clock() -> str:
    """A loop that ends when it is time."""
    end = trio.current_time() + 7.5
    while trio.current_time() < end:
        await checkpoint()
    return "in time"


async def spins_for_ever() -> None:
    """A loop that waits for what nobody does."""
    done = False
    while not done:
        await checkpoint()


async def after_you() -> None:
    """Two tasks, each of which steps back when it sees the other: a livelock if they keep in step."""
    wants = {"a": False, "b": False}

    async def pass_by(own: str, other: str) -> None:
        wants[own] = True
        await checkpoint()
        while wants[other]:
            wants[own] = False
            await checkpoint()
            wants[own] = True
            await checkpoint()
        wants[own] = False

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pass_by, "a", "b")
        nursery.start_soon(pass_by, "b", "a")


async def computes_for_long() -> int:
    """Many steps, none of which is like another."""
    total = 0
    for number in range(400):
        total += number
        await checkpoint()
    return total


async def three_writers() -> str:
    """Three tasks that write their names: six orders."""
    text = ""

    async def write(letter: str) -> None:
        nonlocal text
        text += letter

    async with trio.open_nursery() as nursery:
        for letter in "abc":
            nursery.start_soon(write, letter)
    return text


async def needs_two_preemptions() -> None:
    """Wrong only if two tasks take turns."""
    log = ""

    async def write(letter: str) -> None:
        nonlocal log
        log += letter
        await checkpoint()
        log += letter

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, "a")
        nursery.start_soon(write, "b")
        nursery.start_soon(checkpoint)
    assert log != "abab"
