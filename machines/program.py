"""Programs: what a machine drew, as values that survive as files and run again.

A program is a list of phases. In a phase some clients each perform their operations one after another, all
clients at the same time, and some faults may happen. A phase with one client and no fault is a plain
sequential call. The schedule pins which of its executions is meant.
"""

from __future__ import annotations

from attrs import evolve, field, frozen

from machines.exploration.schedule import Schedule


@frozen
class Faults:
    """How many faults of each kind may happen in a phase, at any of its points."""

    crashes: int = 0
    cancellations: int = 0

    def __bool__(self) -> bool:
        return bool(self.crashes or self.cancellations)


@frozen
class Phase:
    """Clients at work at the same time: each a tuple of operations, performed in order."""

    clients: tuple[tuple[object, ...], ...]
    faults: Faults = field(factory=Faults)
    schedule: Schedule | None = None

    @property
    def operations(self) -> int:
        """How many operations the clients perform together."""
        return sum(len(client) for client in self.clients)

    @property
    def contended(self) -> bool:
        """Whether two clients or more ask for something."""
        return sum(bool(client) for client in self.clients) > 1

    @property
    def sequential(self) -> bool:
        """Whether there is nothing to interleave."""
        return len(self.clients) == 1 and not self.faults

    def pinned(self, schedule: Schedule) -> Phase:
        """This phase with its schedule fixed."""
        return evolve(self, schedule=schedule)


@frozen
class Program:
    """What a machine did, phase by phase; `machine` is its class's `module:name`."""

    machine: str
    phases: tuple[Phase, ...] = ()

    @property
    def operations(self) -> int:
        """How many operations there are in all phases."""
        return sum(phase.operations for phase in self.phases)

    def then(self, phase: Phase) -> Program:
        """This program with one more phase."""
        return Program(self.machine, (*self.phases, phase))


def call(operation: object) -> Phase:
    """A phase of one operation, with nothing beside it."""
    return Phase(((operation,),))


def burst(*clients: list[object], faults: Faults | None = None, schedule: str | None = None) -> Phase:
    """A phase of clients at work at the same time, each a list of operations."""
    pinned = None if schedule is None else Schedule.parse(schedule)
    return Phase(tuple(tuple(client) for client in clients), faults or Faults(), pinned)
