"""One loop serves all executions of a process and is out of the way between explorations."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio
import trio.testing

from machines.world.kernel import Execution, loop
from machines.world.loop import close_loop
from tests.project.tree import ROOT
from tests.world.programs import First, Picking, every, once, plain, steps, text


async def ordinary() -> str:
    """What an ordinary program does: children, a time limit, real time."""
    before = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 0.001)
    with trio.move_on_after(0.001):
        await trio.sleep_forever()
    assert trio.current_time() > before
    return await trio.to_thread.run_sync(lambda: "done")


def test_ordinary_runs_work_before_between_and_after_explorations() -> None:
    """`trio.run` is as ever wherever no exploration is under way."""
    close_loop()
    assert trio.run(ordinary) == "done"
    every(plain(2, 2))
    assert trio.run(ordinary) == "done"
    every(plain(2, 2))
    assert trio.run(ordinary) == "done"


def test_ordinary_run_inside_an_execution_is_refused_by_trio() -> None:
    """A loop cannot run inside a loop, here as anywhere."""
    seen = []

    async def run() -> None:
        with pytest.raises(RuntimeError, match="from inside"):
            trio.run(ordinary)
        seen.append(True)

    once(run)
    assert seen == [True]


def test_exploration_inside_an_exploration_is_refused() -> None:
    """Two explorations cannot share the one loop."""
    with (
        loop().exploring(),
        pytest.raises(RuntimeError, match="an exploration cannot begin inside another one"),
    ):
        once(steps(1))
    assert once(steps(1)).tokens == [0]


def test_execution_inside_an_execution_is_refused() -> None:
    """A task cannot start an execution of its own."""
    seen = []

    async def run() -> None:
        with pytest.raises(RuntimeError, match="an execution cannot begin inside another one"):
            Execution(loop(), First())
        seen.append(True)

    once(run)
    assert seen == [True]


def test_execution_outside_an_exploration_is_refused() -> None:
    """Without the run context nothing can step, and the message says what is missing."""
    execution = Execution(loop(), First())
    execution.spawn("a", steps(1))
    with pytest.raises(RuntimeError, match=r"within `with loop\(\)\.exploring\(\)`"):
        execution.run()
    assert once(steps(1)).tokens == [0]


def test_one_loop_serves_all_explorations() -> None:
    """The loop is made once, and again only after it broke."""
    before = loop()
    every(plain(2, 2))
    assert loop() is before


def test_nothing_is_installed_in_the_process() -> None:
    """No signal handler, wake-up descriptor, hook or run context of the loop is left, nor put in place."""

    def state() -> tuple[object, ...]:
        descriptor = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(descriptor)
        return signal.getsignal(signal.SIGINT), descriptor, gc.isenabled(), trio.lowlevel.in_trio_run()

    close_loop()
    before, hooks = state(), sys.get_asyncgen_hooks()
    made = loop()
    assert (state(), sys.get_asyncgen_hooks()) == (before, hooks)
    with made.exploring():
        assert state()[:2] == before[:2]
    assert (state(), sys.get_asyncgen_hooks()) == (before, hooks)
    close_loop()
    assert (state(), sys.get_asyncgen_hooks()) == (before, hooks)


def test_closed_loop_gives_its_descriptors_back() -> None:
    """Making and closing loops does not use descriptors up."""

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    close_loop()
    before = descriptors()
    for _ in range(5):
        loop()
        close_loop()
    assert descriptors() == before


@pytest.mark.parametrize("child", [False, True])
def test_ctrl_c_in_a_step_leaves_the_process_usable(*, child: bool) -> None:
    """A KeyboardInterrupt in a task comes out of `run`; ordinary runs and explorations work after it."""

    async def interrupted() -> None:
        await trio.lowlevel.checkpoint()
        raise KeyboardInterrupt

    async def run() -> None:
        if not child:
            await interrupted()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            nursery.start_soon(interrupted)

    before = loop()
    with pytest.raises(KeyboardInterrupt):
        once(run, steps(3))
    assert before.broken
    assert time.sleep.__module__ != "machines.world.guards"
    assert trio.run(ordinary) == "done"
    assert loop() is not before
    assert text(once(steps(2), steps(1))) == "0*2 1"


def test_ctrl_c_in_the_chooser_leaves_the_process_usable() -> None:
    """A KeyboardInterrupt between two steps does no more harm than one inside a step."""

    class Interrupting(First):
        def choose(self, *_options: object, **_details: object) -> int:
            raise KeyboardInterrupt

    async def nested() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)

    with pytest.raises(KeyboardInterrupt):
        once(nested, nested, chooser=Interrupting())
    gc.collect()
    assert trio.run(ordinary) == "done"
    assert text(once(steps(2), steps(1))) == "0*2 1"


def test_broken_loop_is_not_used_again() -> None:
    """Who kept a loop that a Ctrl-C broke is told to ask for another."""

    async def run() -> None:
        raise KeyboardInterrupt

    before = loop()
    with pytest.raises(KeyboardInterrupt):
        once(run)
    with pytest.raises(RuntimeError, match=r"ask loop\(\) for a new one"), before.exploring():
        pass


def test_error_of_a_chooser_leaves_the_loop_usable() -> None:
    """An exception that is not the program's, such as a schedule that diverged, passes through."""

    class Failing(First):
        def choose(self, *_options: object, **_details: object) -> int:
            raise LookupError

    before = loop()
    with pytest.raises(LookupError):
        once(steps(2), steps(2), chooser=Failing())
    assert loop() is before
    assert text(once(steps(2), chooser=Picking([]))) == "0*2"


_FRESH = """\
import sys
import warnings
warnings.simplefilter("error")
import trio
from tests.world.programs import every, plain
assert len(every(plain(2, 3))) == 20
trio.run(trio.sleep, 0)
{last}
"""


@pytest.mark.parametrize("last", ["", "from machines.world.kernel import loop; loop()", "sys.exit(0)"])
def test_process_ends_quietly(last: str) -> None:
    """A process that explored ends without a word: no warning, no coroutine that nobody closed."""
    result = subprocess.run(  # noqa: S603 - the command is written in this file
        [sys.executable, "-X", "dev", "-c", _FRESH.format(last=last)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
