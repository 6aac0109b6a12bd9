"""Faults are choices beside the tasks, at every point and at the end; a frozen node never moves again."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Hashable
from typing import Any

import pytest
import trio
import trio.testing
from attrs import define, field

from machines.exploration.bounded import Bounded
from machines.exploration.replay import Replay
from machines.exploration.schedule import Schedule
from machines.world.errors import DeadlockError, LeftoverTasksError
from machines.world.kernel import END, Execution, loop
from tests.world.programs import BUDGET, First, Picking, Program, Run, every, explored, once, steps, text


@define
class Fault:
    """Happens at most `left` times, and does what `effect` does.

    State: `left`; `places`, how many steps had begun, the fault's own included, at each of its happenings.
    """

    name: str = "fault"
    left: int = 1
    effect: Callable[[Execution], object] = lambda _: None
    at_end: bool = True
    places: list[int] = field(factory=list)

    def possible(self, *, at_end: bool) -> bool:
        """While the budget lasts; at the end only if that is wanted."""
        return self.left > 0 and (self.at_end or not at_end)

    def happen(self, execution: Execution) -> None:
        """Have the effect."""
        self.left -= 1
        self.places.append(execution.step_index)
        self.effect(execution)


def with_faults(*make: Callable[[], Fault], tasks: tuple[int, ...] = (2,)) -> Program:
    """Plain tasks with so many steps each, and fresh faults; the outcome is the faults that happened."""

    def program(execution: Execution) -> Callable[[], Hashable]:
        for label, count in zip("abc", tasks, strict=False):
            execution.spawn(label, steps(count))
        execution.actions += [one() for one in make]
        return lambda: tuple(execution.faults)

    return program


def schedules(runs: list[Run]) -> list[str]:
    """The schedules of executions, as text."""
    return [str(Schedule.of(run.tokens)) for run in runs]


def test_fault_is_possible_at_every_point() -> None:
    """One fault and one task: the fault falls before each step, at the end, or not at all, which is said."""
    assert sorted(schedules(every(with_faults(Fault)))) == sorted(
        ["fault 0*2", "0 fault 0", "0*2 fault", "0*2 end"]
    )


def test_fault_that_is_not_possible_at_the_end_is_no_choice_there() -> None:
    """Where no fault can happen at the end, the end is no choice and has no token."""
    assert sorted(schedules(every(with_faults(lambda: Fault(at_end=False))))) == [
        "0 fault 0",
        "0*2",
        "fault 0*2",
    ]


def test_two_faults_fall_independently() -> None:
    """Each fault may fall anywhere, in either order."""
    runs = every(with_faults(lambda: Fault("x"), lambda: Fault("y"), tasks=(1,)))
    # Both: 3!; x or y alone: 2 orders with the step, each with the end; none: 1.
    assert len(runs) == len({run.tokens for run in runs}) == 6 + 2 * 2 + 1


def test_budget_of_a_fault_is_kept() -> None:
    """A fault with a budget of two happens nought, one or two times."""
    runs = every(with_faults(lambda: Fault(left=2), tasks=(2,)))
    counts = [run.outcome for run in runs]
    assert {len(faults) for faults in counts if isinstance(faults, tuple)} == {0, 1, 2}
    assert len(set(schedules(runs))) == len(runs) == 1 + 3 + 6


def test_faults_cost_no_preemption() -> None:
    """With a bound of no preemptions, every fault is tried at every point of the uninterrupted runs."""
    runs = explored(Bounded(), with_faults(Fault, tasks=(2, 2)))
    free = [run for run in runs if run.preemptions == 0]
    assert runs[: len(free)] == free
    # Two uninterrupted runs, each with five places for the fault, and without it.
    assert len(free) == 2 * 6
    assert sum("fault" not in run.tokens for run in free) == 2


def test_going_on_comes_before_faults() -> None:
    """Tasks are offered before faults, so that the first option is never a fault while a task can step."""
    chooser = Picking([])
    once(steps(1), steps(1), chooser=chooser, actions=[Fault("x"), Fault("y")])
    assert chooser.offers == [(0, 1, "x", "y"), (1, "x", "y"), (END, "x", "y")]


def test_fault_at_the_end_can_start_work_anew() -> None:
    """A fault after the last step, as a crash with its restart, gives tasks that step like all others."""
    fault = Fault(effect=lambda execution: execution.spawn("restart", steps(2)))
    assert text(once(steps(1), chooser=Picking([END, "fault"]), actions=[fault])) == "0 end"
    fault = Fault(effect=lambda execution: execution.spawn("restart", steps(2)))
    assert text(once(steps(1), chooser=Picking(["fault", END]), actions=[fault])) == "fault 0 1*2"


def test_faults_are_listed_in_the_order_of_their_happening() -> None:
    """An execution knows which faults have happened, and none that have not."""
    execution = once(steps(2), chooser=Picking(["y", "x"]), actions=[Fault("x"), Fault("y"), Fault("z")])
    assert execution.faults == ["y", "x"]


def test_fault_is_a_step_of_the_schedule() -> None:
    """A fault takes a place in the schedule, so that later steps have later time stamps."""
    fault = Fault()
    once(steps(2), chooser=Picking([0, "fault"]), actions=[fault])
    assert fault.places == [2]


def test_variant_is_a_choice_inside_a_step() -> None:
    """How a fault falls is chosen within it, and follows it in the schedule; one variant is no choice."""

    def program(execution: Execution) -> Callable[[], Hashable]:
        told: list[str] = []

        def fall(one: Execution) -> None:
            told.extend([one.variant(["lost", "torn", "kept"]), one.variant(["only"])])

        execution.spawn("a", steps(1))
        execution.actions.append(Fault(effect=fall))
        return lambda: tuple(told)

    runs = every(program)
    assert {run.outcome for run in runs} == {(), ("lost", "only"), ("torn", "only"), ("kept", "only")}
    assert "0 fault torn only" in schedules(runs)
    assert len(runs) == 2 * 3 + 1


def test_schedules_with_faults_replay() -> None:
    """Every schedule with faults, their variants and the end does the same when it is given back."""
    program = with_faults(lambda: Fault("x"), lambda: Fault("y", left=2), tasks=(2, 1))
    for run in every(program):
        assert explored(Replay(Schedule(run.tokens)), program) == [run]


def on_node(effect: Callable[[list[Any]], Callable[[], Any]]) -> Callable[[Execution], list[Any]]:
    """Spawns a task on a node that a fault may freeze; gives back the log of what it does."""

    def program(execution: Execution) -> list[Any]:
        log: list[Any] = []
        execution.spawn("a", effect(log), node="n")
        execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
        return log

    return program


def frozen_at_every_point(effect: Callable[[list[Any]], Callable[[], Any]]) -> list[list[Any]]:
    """The logs, as they stood when each execution was over but for its clearing away."""
    logs: list[list[Any]] = []

    def program(execution: Execution) -> Callable[[], Hashable]:
        log = on_node(effect)(execution)

        async def look() -> None:
            await trio.sleep(1_000)
            logs.append(list(log))

        execution.spawn("observer", look)
        return lambda: None

    for run in every(program):
        assert run.outcome is None
    return logs


def test_frozen_task_never_steps_again() -> None:
    """What a node's tasks had not done before the crash they never do."""

    def effect(log: list[Any]) -> Callable[[], Any]:
        async def run() -> None:
            for number in range(3):
                log.append(number)
                await trio.lowlevel.checkpoint()

        return run

    assert {tuple(log) for log in frozen_at_every_point(effect)} == {(), (0,), (0, 1), (0, 1, 2)}


def test_no_finally_of_a_frozen_task_runs_within_the_execution() -> None:
    """A crash runs no clean-up: neither `finally` nor `except` blocks nor the exits of contexts."""

    def effect(log: list[Any]) -> Callable[[], Any]:
        async def run() -> None:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep, 5)
                    with trio.move_on_after(3):
                        await trio.sleep_forever()
                    await trio.lowlevel.checkpoint()
                    log.append("end")
            except BaseException:
                log.append("except")
                raise
            finally:
                log.append("finally")

        return run

    assert {tuple(log) for log in frozen_at_every_point(effect)} == {(), ("end",), ("end", "finally")}


def test_children_of_a_node_freeze_with_it() -> None:
    """Every task below a node's root is on that node."""
    told: list[str] = []

    async def child() -> None:
        await trio.sleep(1)
        told.append("child")

    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
            async with trio.open_nursery() as inner:
                inner.start_soon(child)

    with loop().exploring():
        execution = Execution(loop(), Picking([0, "0.0", "crash"]))
        execution.spawn("a", parent, node="n")
        execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
        execution.run()
        assert len(execution.frozen) == 3
    assert told == []


def test_other_nodes_go_on() -> None:
    """Freezing one node leaves the tasks of the others, and those of none, as they were."""
    told = []

    def telling(word: str) -> Callable[[], Any]:
        async def run() -> None:
            await trio.sleep(1)
            told.append(word)

        return run

    with loop().exploring():
        execution = Execution(loop(), Picking([0, 1, 2, "crash"]))
        execution.spawn("a", telling("n"), node="n")
        execution.spawn("b", telling("m"), node="m")
        execution.spawn("c", telling("client"))
        execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
        execution.run()
    assert sorted(told) == ["client", "m"]


def test_deadlines_of_frozen_tasks_do_not_hold_the_clock() -> None:
    """Time does not jump to a timer that only a frozen task had set."""

    async def doze() -> None:
        with trio.move_on_after(50), trio.move_on_after(70):
            await trio.sleep(100)

    with loop().exploring():
        execution = Execution(loop(), Picking([0, "crash"]))
        execution.spawn("a", doze, node="n")
        execution.spawn("b", steps(2))
        execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
        execution.run()
        assert loop().clock.seconds == 0


def test_frozen_task_that_is_woken_stays_frozen() -> None:
    """An event, a lock or a cancellation that reaches a frozen task from outside moves nothing."""
    told: list[str] = []
    event = trio.Event()

    async def wait() -> None:
        await event.wait()
        told.append("woken")

    with loop().exploring():
        execution = Execution(loop(), Picking([0, "crash"]))
        root = execution.spawn("a", wait, node="n")

        async def wake() -> None:
            await trio.lowlevel.checkpoint()
            event.set()
            root.scope.cancel()

        execution.spawn("b", wake)
        execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
        execution.run()
    assert (told, root.done) == ([], True)


def test_frozen_idle_waiter_holds_nothing_up() -> None:
    """A frozen task in `wait_all_tasks_blocked` is passed over."""

    async def idle() -> None:
        await trio.testing.wait_all_tasks_blocked()

    async def doze() -> None:
        await trio.sleep(1)

    with loop().exploring():
        execution = Execution(loop(), Picking([0, "crash"]))
        execution.spawn("a", idle, node="n")
        execution.spawn("b", doze)
        execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
        execution.run()
        assert loop().clock.seconds == 1


def test_node_can_start_again() -> None:
    """After a crash the node's name is free for a new root task, which a second crash can freeze as well."""
    told = []

    async def serve() -> None:
        told.append("started")
        await trio.sleep(1)
        told.append("served")

    def crash(execution: Execution) -> None:
        execution.freeze("n")
        execution.spawn("restart", serve, node="n")

    with loop().exploring():
        execution = Execution(loop(), Picking([0, "crash", 1, "crash"]))
        execution.spawn("a", serve, node="n")
        execution.actions.append(Fault("crash", left=2, effect=crash))
        execution.run()
    assert told == ["started", "started", "started", "served"]


def test_frozen_tasks_are_gone_after_the_execution() -> None:
    """At the end the frozen tasks are closed and taken out of the runner, whatever their clean-up does."""
    told = []

    async def stubborn() -> None:
        try:
            await trio.sleep_forever()
        finally:
            told.append("late")
            await trio.lowlevel.checkpoint()

    before = len(loop().runner.tasks)
    for _ in range(10):
        with loop().exploring():
            execution = Execution(loop(), Picking([0, "crash"]))
            execution.spawn("a", stubborn, node="n")
            execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
            execution.run()
            assert execution.failures == []
    assert len(loop().runner.tasks) == before
    assert len(told) == 10


def test_living_task_that_waits_for_a_frozen_one_is_a_deadlock() -> None:
    """A client that waits for what a crashed node would have done is reported, the frozen tasks are not."""
    event = trio.Event()

    async def serve() -> None:
        await trio.sleep(1)
        event.set()

    with loop().exploring():
        execution = Execution(loop(), Picking([0, "crash"]))
        execution.spawn("server", serve, node="n")
        execution.spawn("client", event.wait)
        execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
        with pytest.raises(DeadlockError, match=r"client waits for Event\.wait") as raised:
            execution.run()
    assert "server" not in str(raised.value)


def test_exploring_crashes_leaves_no_task_behind() -> None:
    """A crash at every point of a nested program is explored without left-overs, however often."""

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(steps(2))
            with trio.move_on_after(1):
                await trio.sleep(2)

    def program(execution: Execution) -> Callable[[], Hashable]:
        execution.spawn("a", serve, node="n")
        execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
        return lambda: len(loop().runner.tasks)

    runs = explored(Bounded(), program, BUDGET)
    assert len(runs) > 5
    assert {run.outcome for run in runs} == {len(loop().residents)}


def test_frozen_tasks_are_no_left_overs() -> None:
    """A system task of a node that crashed is not reported as left over; one of a node that did not is."""

    async def serve() -> None:
        trio.lowlevel.spawn_system_task(trio.sleep_forever, context=contextvars.copy_context())
        await trio.sleep_forever()

    with loop().exploring():
        execution = Execution(loop(), Picking([0, "crash"]))
        execution.spawn("a", serve, node="n")
        execution.actions.append(Fault("crash", effect=lambda one: one.freeze("n")))
        execution.run()
        assert len(execution.frozen) == 2

        execution = Execution(loop(), First())
        execution.spawn("a", serve, node="n").scope.cancel()
        with pytest.raises(LeftoverTasksError):
            execution.run()
