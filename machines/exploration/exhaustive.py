"""The `exhaustive` strategy: one execution of every trace, and no other.

A trace is a class of schedules that differ only in the order of independent neighbouring steps; executing one
of each is executing all that can happen. The algorithm is optimal dynamic partial order reduction (Abdulla,
Aronis, Jonsson and Sagonas, JACM 2017): after each execution every reversible race is turned around, and the
steps that lead to the other order are put into the wakeup tree of the point where the first of the two was
taken, unless a sleeping process shows that this order has been executed, or a branch of the tree that it will
be. No execution is redundant, and none stops half-way because everything that could go on is asleep.

Rejected: source sets without wakeup trees (simpler, but some executions are sleep-set blocked, and with
faults those are many); persistent sets from static analysis (there is no static knowledge of Python code);
parsimonious optimal DPOR (CAV 2024), which saves the memory of the trees, at most a few thousand small
objects here.

Faults are processes too. A fault that may happen is noted as not having happened at the end of each era, by
an event that depends on everything; turning its races around places the fault before each step. Which of
several variants of a fault happens (which client is cancelled, how the disk falls) is a choice of its own
below it, all of whose options are taken. Where a footprint is unknown, the step depends on everything, and
the search degrades to all interleavings.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define

from machines.exploration.certificate import Certificate
from machines.exploration.wakeup import Event, Wakeup, insert, is_weak_initial, races, reversal
from machines.world.choices import Token, is_task, process_of
from machines.world.errors import NondeterminismError
from machines.world.footprint import EVERYTHING, Footprint, Resources
from machines.world.recording import Woken


@define(slots=True, eq=False)
class _Point:
    """A state on the way of the execution under way, and what has been and will be executed from it.

    `sleep`: processes whose next step from here is covered by earlier executions, with its footprint. `tree`:
    the wakeup tree; its first child is the step that is being executed. `offered`: who can step here, tasks
    and faults.
    """

    sleep: dict[Token, Footprint]
    tree: Wakeup
    offered: frozenset[Token] = frozenset()
    footprint: Footprint = EVERYTHING
    event: int = -1


@define(slots=True, eq=False)
class _Variant:
    """A choice that no order of steps decides: all its options are taken, one after another."""

    options: int
    taken: int = 0


class Exhaustive:
    """State: `_stack`, the points and variants of the execution under way; `_events`, its steps; where it is.

    `blocked` counts executions in which everything that could go on was asleep: it stays 0, or a footprint is
    wrong.
    """

    traces = True
    """Wants to be told of every step with its footprint."""

    def __init__(self) -> None:
        self.resources = Resources()
        self._stack: list[_Point | _Variant] = []
        self._depth = 0
        self._events: list[Event] = []
        self._enablers: dict[Token, int] = {}
        self._latest: dict[Token, int] = {}
        self._era = 0
        self._faults: dict[Token, bool] = {}
        self._last: _Point | None = None
        self._chosen: _Point | None = None
        self._begun = False
        self._settled = False
        self._done = False
        self.blocked = 0

    # -- between executions

    def begin(self) -> bool:
        """Turn the races of the last execution around, and move on to the next."""
        self._settle()
        self._begun, self._settled = True, False
        self._depth = self._era = 0
        self._events, self._enablers, self._latest, self._faults = [], {}, {}, {}
        self._last = self._chosen = None
        return not self._done

    def _settle(self) -> None:
        """End the last execution, once: what it has shown goes into the trees, the next one on the stack."""
        if self._begun and not self._settled:
            self._settled = True
            self._reverse_races()
            self._done = not self._backtrack()

    def _reverse_races(self) -> None:
        self._note_faults_that_did_not_happen()
        events = self._events
        if any(isinstance(point, _Point) and point.event < 0 for point in self._stack):
            raise RuntimeError("no step of the last execution was reported: an Execution needs a Recorder")
        points = {point.event: point for point in self._stack if isinstance(point, _Point)}
        for first, second in races(events):
            point, later = points.get(first), events[second]
            if point is None or (later.optional and later.process not in point.offered):
                continue
            steps = reversal(events, first, second)
            asleep = point.sleep.items()
            if not any(is_weak_initial(process, footprint, steps) for process, footprint in asleep):
                insert(point.tree, steps)

    def _backtrack(self) -> bool:
        """Drop what is finished from the end of the stack; False when nothing is left."""
        while self._stack:
            top = self._stack[-1]
            if isinstance(top, _Variant):
                top.taken += 1
                if top.taken < top.options:
                    return True
            else:
                done = top.tree.children.pop(0)
                top.sleep[done.process] = top.footprint
                if top.tree.children:
                    return True
            self._stack.pop()
        return False

    # -- during an execution

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """The step that the wakeup tree asks for; beyond it, the first that is not asleep."""
        if tasks == 0:
            return self._variant(len(options))
        processes = [process_of(option) for option in options]
        point = self._point(processes[:tasks], frozenset(processes))
        wanted = point.tree.children[0].process
        if wanted not in processes:
            raise NondeterminismError(f"{wanted} could step before the same choices, and cannot now")
        places = [place for place, process in enumerate(processes) if process == wanted]
        return places[self._variant(len(places))] if len(places) > 1 else places[0]

    def _variant(self, options: int) -> int:
        if self._depth == len(self._stack):
            self._stack.append(_Variant(options))
        variant = self._stack[self._depth]
        self._depth += 1
        assert isinstance(variant, _Variant)
        return variant.taken

    def _point(self, tasks: Sequence[Token], offered: frozenset[Token]) -> _Point:
        """The point of the step that is about to happen: the one on the stack, or a new one."""
        if self._depth < len(self._stack):
            point = self._stack[self._depth]
            assert isinstance(point, _Point)
        else:
            point = self._new_point(tasks)
            self._stack.append(point)
        point.offered = offered
        self._depth += 1
        self._chosen = point
        return point

    def _new_point(self, tasks: Sequence[Token]) -> _Point:
        last = self._last
        sleep: dict[Token, Footprint] = {}
        tree = Wakeup()
        if last is not None:
            own = last.tree.children[0]
            sleep = {
                process: footprint
                for process, footprint in last.sleep.items()
                if process != own.process and not footprint.depends_on(last.footprint)
            }
            tree = own
        if not tree.children:
            awake = next((task for task in tasks if task not in sleep), None)
            if awake is None:
                self.blocked += 1
                awake = tasks[0]
            tree.children.append(Wakeup(awake))
        return _Point(sleep, tree)

    def stepped(self, token: Token, footprint: Footprint, woken: Woken) -> None:
        """A step of `token` has happened, which left `footprint` and made the tasks `woken` able to step."""
        process = process_of(token)
        point = self._chosen or self._point([process], frozenset([process]))
        self._chosen = None
        index = len(self._events)
        if not is_task(token):
            footprint = EVERYTHING
            self._faults[process] = True
        point.footprint = point.tree.children[0].footprint = footprint
        point.event = index
        self._events.append(Event(index, process, footprint, self._enablers.get(process, 0), self._era))
        self._latest[process] = index
        for task, others in woken.items():
            mask = 1 << index
            for other in others:
                mask |= 1 << self._latest.get(other, index)
            self._enablers[task] = mask
        self._last = point

    def time_passed(self, woken: Woken) -> None:
        """Nothing could step, and time has moved on: a new era, in which the tasks `woken` can step."""
        self._note_faults_that_did_not_happen()
        self._era += 1
        for task in woken:
            self._enablers.pop(task, None)

    def allow(self, fault: Token) -> None:
        """A fault of that kind may happen in this execution."""
        self._faults.setdefault(process_of(fault), False)

    def _note_faults_that_did_not_happen(self) -> None:
        for process, happened in self._faults.items():
            if not happened:
                index = len(self._events)
                self._events.append(Event(index, process, EVERYTHING, 0, self._era, optional=True))

    def certificate(self, executions: int) -> Certificate:
        """Complete if the search came to its end."""
        self._settle()
        return Certificate("complete" if self._done else "sampled", executions)
