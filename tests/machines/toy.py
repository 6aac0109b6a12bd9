"""Machines over counters that count correctly, and over counters with one thing wrong each.

The correct ones add in a single statement; what is wrong with the others is said by their names.
"""

from __future__ import annotations

import itertools
import threading
from typing import Any, ClassVar

import trio
from attrs import define, field
from hypothesis import strategies as st
from hypothesis.stateful import rule

from machines.evidence import Evidence
from machines.invariants import invariant
from machines.machine import ConcurrentMachine, Exploring
from machines.tally import Tally
from model.acceptance.registry import acceptance
from system_under_test.ports import Ports
from tests.counterexample.toy import (
    Counters,
    CounterSubject,
    Increment,
    Move,
    Operation,
    ReadAll,
)

_ADD = (
    "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value "
    "RETURNING value"
)


@define(eq=False)
class Steady(Counters):
    """Counters that count correctly."""

    async def add(self, name: str, amount: int = 1) -> int:
        """Add to a counter, in one statement."""
        [(value,)] = await self.run(_ADD, name, amount)
        return int(value)


class SteadySubject(CounterSubject):
    """The correct counters."""

    name = "steady counters"
    synchronous = "EXTRA"
    kind: ClassVar[type[Counters]] = Steady

    async def start(self, ports: Ports) -> Counters:
        """Open the database."""
        plain = await super().start(ports)
        return self.kind(plain.ports, plain.connection)


class SteadyMachine(ConcurrentMachine):
    """Clients count at the same time."""

    subject = SteadySubject()
    exploring = Exploring(executions_max=2000)
    tally = Tally()

    @rule(
        burst=st.lists(st.sampled_from((Increment("a"), Increment("b"), ReadAll())), min_size=2, max_size=3),
        outcome=st.integers(0, 2),
    )
    def ask_at_once(self, burst: list[Operation], outcome: int) -> None:
        """Two or three clients at the same time."""
        self.interleave([[operation] for operation in burst], outcome=outcome)

    @acceptance("S0-AC3-4")
    @invariant()
    def answers_are_explained(self, evidence: Evidence) -> int:
        """Some order of the operations explains every answer."""
        verdict = evidence.linearizability
        assert verdict is not None
        assert not verdict.violated, verdict.explanation
        return int(verdict.holds)


class UnjudgedMachine(SteadyMachine):
    """Clients count, and nobody looks at the answers."""

    @invariant()
    def answers_are_explained(self, _evidence: Evidence) -> int:
        """Anything will do."""
        return 0

    @invariant()
    def nothing_is_open(self, evidence: Evidence) -> int:
        """No transaction is left open."""
        held = {what: count for what, count in evidence.leftovers.items() if count}
        assert not held, f"left over: {held}"
        return 1


def variant(kind: type[SteadyMachine] = SteadyMachine, **body: object) -> type[SteadyMachine]:
    """The machine with other attributes, and in any case with a tally of its own."""
    return type(kind.__name__, (kind,), {"tally": Tally(), **body})


class NamingMachine(SteadyMachine):
    """A client counts under one of many names."""

    @rule(number=st.integers(0, 5_000))
    def count(self, number: int) -> None:
        """Count something."""
        self.call(Increment(f"number {number}"))


def recorded(programs: list[object], kind: type[SteadyMachine] = SteadyMachine) -> type[SteadyMachine]:
    """The machine, which also writes down what its programs ask for."""

    def teardown(self: SteadyMachine) -> None:
        programs.append(tuple(phase.clients for phase in self.program.phases))

    return variant(kind, teardown=teardown)


CROSSING: tuple[list[Operation], ...] = ([Move("a", "b")], [Move("b", "a")])
"""Two clients whose locks are taken in opposite order."""


# -- systems that cannot be copied


@define(eq=False)
class _Clinging(Steady):
    """Holds what no copy can hold."""

    held: Any = None


class LockHoldingSubject(SteadySubject):
    """The system holds a lock of the operating system's."""

    name = "lock-holding counters"

    async def start(self, ports: Ports) -> Counters:
        """Open the database, and take a lock for good."""
        plain = await super().start(ports)
        return _Clinging(plain.ports, plain.connection, held=threading.Lock())


class ClosureHoldingSubject(SteadySubject):
    """The system holds a closure."""

    name = "closure-holding counters"

    async def start(self, ports: Ports) -> Counters:
        """Open the database, and remember how to greet."""
        plain = await super().start(ports)
        return _Clinging(plain.ports, plain.connection, held=lambda: plain)


# -- systems that no schedule controls

_EVER = itertools.count(1)
_KEPT: list[object] = []


@define(eq=False)
class _CountsEverything(Steady):
    """Answers with the number of additions of the whole process."""

    async def add(self, name: str, amount: int = 1) -> int:
        """Add, and answer something else."""
        await super().add(name, amount)
        return next(_EVER)


@define(eq=False)
class _AsksForAddresses(Steady):
    """Writes the address of an object into the database."""

    async def add(self, name: str, amount: int = 1) -> int:
        """Add under a name that is an address."""
        _KEPT.append(object())
        return await super().add(f"{name} at {id(_KEPT[-1])}", amount)


@define(eq=False)
class _Forgetful(Steady):
    """Keeps in memory what a copy leaves behind."""

    seen: list[str] = field(factory=list)

    async def add(self, name: str, amount: int = 1) -> int:
        """Add twice what is added to a counter the second time."""
        self.seen.append(name)
        return await super().add(name, amount * self.seen.count(name))

    def __getstate__(self) -> object:
        return self.ports, self.connection, self.locks

    def __setstate__(self, state: Any) -> None:
        self.ports, self.connection, self.locks = state
        self.seen = []


@define(eq=False)
class _Wavering(Steady):
    """Takes one step more when it is asked for the same thing again."""

    async def add(self, name: str, amount: int = 1) -> int:
        """Add, after a pause that is there every other time."""
        if next(_EVER) % 2:
            await trio.lowlevel.checkpoint()
        return await super().add(name, amount)


class CountingEverythingSubject(SteadySubject):
    """A counter of the whole process."""

    name = "process-wide counters"
    kind = _CountsEverything


class AddressSubject(SteadySubject):
    """An address in the database."""

    name = "addressed counters"
    kind = _AsksForAddresses


class ForgetfulSubject(SteadySubject):
    """A memory that is not copied."""

    name = "forgetful counters"
    kind = _Forgetful


class WaveringSubject(SteadySubject):
    """Steps that come and go."""

    name = "wavering counters"
    kind = _Wavering


# -- systems that do not come to a proper end


@define(eq=False)
class _Failing(Steady):
    """Fails in three ways, by the name of the counter."""

    async def add(self, name: str, amount: int = 1) -> int:
        """Add, or not."""
        if name == "raise":
            raise ZeroDivisionError("there is no such counter")
        if name == "open":
            await self.run("BEGIN IMMEDIATE")
        if name == "stuck":
            await trio.Event().wait()
        if name == "background":
            trio.lowlevel.spawn_system_task(trio.sleep_forever, name="the janitor")
        return await super().add(name, amount)


class FailingSubject(SteadySubject):
    """Counters that fail on demand."""

    name = "failing counters"
    kind = _Failing


# -- a system that is wrong without any concurrency


@define(eq=False)
class _Boasting(Steady):
    """Answers with more than it has counted."""

    async def add(self, name: str, amount: int = 1) -> int:
        """Add, and exaggerate."""
        return 1 + await super().add(name, amount)


class BoastingSubject(SteadySubject):
    """Answers that are wrong."""

    name = "boasting counters"
    kind = _Boasting


# -- two things wrong at once


class Sliding(ConcurrentMachine):
    """Three calls in a program violate one invariant, and the simplest call of all another one."""

    subject = SteadySubject()
    tally = Tally()

    @rule()
    def count_b(self) -> None:
        """A harmless call."""
        self.call(Increment("b"))

    @rule()
    def count_a(self) -> None:
        """A call that the other invariant minds, if it comes first."""
        self.call(Increment("a"))

    @invariant()
    def few_are_counted(self, evidence: Evidence) -> int:
        """Not more than two of a kind."""
        assert max(value for _, value in evidence.after["counter"]) < 3, "three of a kind"
        return 1

    @invariant()
    def begins_with_b(self, evidence: Evidence) -> int:
        """The first to be counted is not the third."""
        assert evidence.after["counter"] != (("a", 1),), "a came first"
        return 1
