"""Inside an execution time is virtual, chance seeded and the real world refused; outside all is as ever."""

# ruff: noqa: PLW0108 - a stand-in must be looked up when it is called, not when a table is made

from __future__ import annotations

import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import trio

from machines.world.errors import ExecutionError, RefusedError
from machines.world.kernel import Execution, loop
from tests.world.programs import First, Function, once

CHANCE: dict[str, Callable[[], object]] = {
    "random.random": lambda: random.random(),  # noqa: S311 - what is tested
    "random.randrange": lambda: random.randrange(1000),  # noqa: S311 - what is tested
    "random.choice": lambda: random.choice("abcdef"),  # noqa: S311 - what is tested
    "random.shuffle": lambda: _shuffled(),
    "random.gauss": lambda: random.gauss(0, 1),
    "random.Random()": lambda: random.Random().random(),  # noqa: S311 - what is tested
    "random.SystemRandom": lambda: random.SystemRandom().random(),
    "random.seed()": lambda: (random.seed(), random.random()),  # noqa: S311 - what is tested
    "uuid.uuid1": lambda: uuid.uuid1(),
    "uuid.uuid4": lambda: uuid.uuid4(),
    "os.urandom": lambda: os.urandom(8),
    "os.getrandom": lambda: os.getrandom(8) if hasattr(os, "getrandom") else b"",
    "secrets.token_bytes": lambda: secrets.token_bytes(),
    "secrets.token_hex": lambda: secrets.token_hex(4),
    "secrets.randbelow": lambda: secrets.randbelow(1000),
    "secrets.choice": lambda: secrets.choice("abcdef"),
}


def _shuffled() -> tuple[int, ...]:
    numbers = list(range(20))
    random.shuffle(numbers)
    return tuple(numbers)


def inside(function: Callable[[], Any], at: float = 0.0) -> Any:
    """What a function gives inside an execution that begins at a time in seconds."""
    results = []

    async def run() -> None:
        results.append(function())

    with loop().exploring():
        execution = Execution(loop(), First(), start_seconds=at)
        execution.spawn("a", run)
        execution.run()
    return results[0]


@pytest.mark.parametrize("name", CHANCE)
def test_chance_is_the_same_in_each_execution(name: str) -> None:
    """Every source of randomness gives the same sequence in every execution."""
    draw = CHANCE[name]
    first, second = (inside(lambda: [draw() for _ in range(3)]) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", sorted(CHANCE.keys() - {"os.getrandom"}))
def test_chance_goes_on_within_an_execution(name: str) -> None:
    """Seeded does not mean constant: the draws of one execution differ."""
    draw = CHANCE[name]
    assert len(set(inside(lambda: [draw() for _ in range(20)]))) > 1


def test_drawing_inside_leaves_the_generator_outside_alone() -> None:
    """The hidden generator of `random`, which Hypothesis seeds, is neither read nor moved."""
    random.seed(7)
    expected = [random.random() for _ in range(2)]  # noqa: S311 - what is tested
    random.seed(7)
    found = [random.random()]  # noqa: S311 - what is tested
    inside(lambda: (random.seed(1), random.random(), random.setstate(random.getstate())))  # noqa: S311 - what is tested
    found.append(random.random())  # noqa: S311 - what is tested
    assert found == expected


def test_seeded_generator_is_left_alone() -> None:
    """A generator made with a seed gives inside what it gives outside."""
    assert inside(lambda: random.Random(3).random()) == random.Random(3).random()  # noqa: S311 - what is tested


def test_made_up_ids_have_their_versions() -> None:
    """An identifier made inside is as well-formed as a real one."""
    assert inside(lambda: (uuid.uuid1().version, uuid.uuid4().version)) == (1, 4)


@pytest.mark.parametrize("clock", ["time", "monotonic", "perf_counter", "process_time", "thread_time"])
def test_clocks_show_virtual_time(clock: str) -> None:
    """Every clock of `time` shows the virtual time, in seconds and in nanoseconds."""
    assert inside(lambda: getattr(time, clock)(), at=12.5) == 12.5
    assert inside(lambda: getattr(time, f"{clock}_ns")(), at=12.5) == 12_500_000_000


def test_calendar_shows_virtual_time() -> None:
    """What tells the date without being told the moment tells the virtual one."""
    day = 86_400.0
    assert inside(lambda: time.gmtime().tm_yday, at=day * 9) == 10
    assert inside(lambda: time.strftime("%j", time.gmtime()), at=day * 9) == "010"
    assert inside(lambda: time.ctime(), at=day) == time.ctime(day)
    assert inside(lambda: time.strftime("%c"), at=day) == time.strftime("%c", time.localtime(day))
    assert inside(lambda: (time.gmtime(0).tm_year, time.strftime("%Y", time.gmtime(day)))) == (1970, "1970")


def test_clocks_move_with_the_execution() -> None:
    """Time read after a sleep is later by the length of the sleep."""
    seen = []

    async def run() -> None:
        before = time.monotonic()
        await trio.sleep(5)
        seen.append(time.monotonic() - before)

    once(run)
    assert seen == [5.0]


REFUSED: dict[str, tuple[Callable[[], object], str, str]] = {
    "time.sleep": (lambda: time.sleep(1), "time.sleep", "await trio.sleep(...), which takes virtual time"),
    "thread": (
        lambda: threading.Thread(target=print).start(),
        "starting a thread",
        "the run-blocking port of the world",
    ),
    "timer": (
        lambda: threading.Timer(1, print).start(),
        "starting a thread",
        "the run-blocking port of the world",
    ),
    "socket": (lambda: socket.socket(), "a real socket", "the network port of the world"),
    "connection": (
        lambda: socket.create_connection(("127.0.0.1", 9)),
        "looking up a host's address",
        "the network port of the world",
    ),
    "socket pair": (lambda: socket.socketpair(), "a real socket", "the network port of the world"),
    "trio socket": (lambda: trio.socket.socket(), "a real socket", "the network port of the world"),
    "process": (lambda: subprocess.run(["true"], check=True), "starting a process", "a port of the world"),  # noqa: S607 - never started
    "shell": (lambda: os.system("true"), "starting a process", "a port of the world"),  # noqa: S605, S607 - never started
    "fork": (lambda: os.fork(), "starting a process", "a port of the world"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_real_world_is_refused_with_the_remedy(name: str) -> None:
    """What reaches for the real world is told by name what it was and what to use instead."""
    function, what, remedy = REFUSED[name]
    with pytest.raises(RefusedError) as raised:
        inside(function)
    assert str(raised.value) == f"{what} inside an execution: no schedule controls it; use {remedy}"


async def to_thread() -> None:
    """Runs a function in a thread."""
    await trio.to_thread.run_sync(print)


async def waits_for_socket() -> None:
    """Waits for a real descriptor."""
    await trio.lowlevel.wait_readable(0)


async def connects() -> None:
    """Opens a connection by name."""
    await trio.open_tcp_stream("localhost", 9)


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (to_thread, "trio.to_thread.run_sync"),
        (waits_for_socket, "trio's I/O (wait_readable)"),
        (connects, "looking up a host's address"),
    ],
)
def test_trio_ways_to_the_real_world_are_refused(function: Function, what: str) -> None:
    """What trio itself would do with threads, descriptors and processes is refused by name."""
    with pytest.raises(RefusedError) as raised:
        once(function)
    assert str(raised.value).startswith(f"{what} inside an execution: no schedule controls it; use ")


def test_idle_thread_of_an_earlier_run_is_not_used() -> None:
    """Threads that trio keeps from an ordinary run are refused as new ones are."""

    async def ordinary() -> None:
        await trio.to_thread.run_sync(time.monotonic)

    trio.run(ordinary)
    with pytest.raises(RefusedError, match=r"^trio\.to_thread\.run_sync inside an execution"):
        once(to_thread)


def test_refusal_reaches_the_code_that_asked() -> None:
    """The refusal is raised where the real world was reached for, so that the traceback shows the line."""
    lines = []

    async def run() -> None:
        try:
            time.sleep(1)  # noqa: ASYNC251 - what is refused
        except ExecutionError as error:
            lines.append(type(error))
            raise

    with pytest.raises(RefusedError):
        once(run)
    assert lines == [RefusedError]


def test_real_functions_work_between_executions() -> None:
    """The judge and the report, which run while exploring but outside executions, have the real world."""
    with loop().exploring():
        before = time.monotonic()
        time.sleep(0)
        assert time.monotonic() >= before > 0
        assert time.time() > 1_000_000_000
        assert time.gmtime().tm_year > 2000
        assert uuid.uuid4() != uuid.uuid4()
        assert os.urandom(16) != os.urandom(16)
        assert secrets.token_bytes() != secrets.token_bytes()
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        with socket.socket() as one:
            assert isinstance(one, socket.socket)
        assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0


def _guarded() -> dict[str, object]:
    modules = {"os": os, "random": random, "secrets": secrets, "socket": socket, "time": time, "uuid": uuid}
    names = {
        f"{name}.{key}": value for name, module in modules.items() for key, value in vars(module).items()
    }
    classes = (random.Random, socket.socket, subprocess.Popen, threading.Thread)
    names |= {f"{cls.__name__}.{key}": value for cls in classes for key, value in vars(cls).items()}
    return names | {"unawaited": getattr(warnings, "_warn_unawaited_coroutine")}  # noqa: B009 - it has no public name


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_everything_is_put_back(error: type[BaseException] | None) -> None:
    """After an exploration, however it ended, every function is the very one that it was."""
    before = _guarded()

    async def run() -> None:
        if error is not None:
            raise error

    try:
        once(run)
    except (ExecutionError, KeyboardInterrupt):
        assert error is not None
    after = _guarded()
    assert {name for name, value in after.items() if value is not before.get(name)} == set()
    assert before.keys() == after.keys()


def test_unwinding_is_guarded_too() -> None:
    """Clean-up code of a failed execution reaches the real world as little as the execution did."""
    seen = []

    async def run() -> None:
        try:
            await trio.sleep_forever()
        finally:
            seen.append(time.monotonic())

    with pytest.raises(ExecutionError):
        once(run)
    assert seen == [0.0]


def test_standing_in_keeps_the_class() -> None:
    """While exploring, a socket is still an instance of the one class of sockets."""
    before = socket.socket
    with loop().exploring():
        assert socket.socket is before
