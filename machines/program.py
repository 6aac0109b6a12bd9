"""Programs: what a machine drew, as values that print as code, survive as JSON and run again.

A program is a list of phases. In a phase some clients each perform their operations one after another, all clients
at the same time, and some faults may happen. A phase with one client and no fault is a plain sequential call. The
schedule pins which of its executions is meant.
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

    def as_code(self) -> str:
        """Python that can be pasted into a test and that does exactly this."""
        lines = ["replay(", f"    {self.machine!r},"]
        for phase in self.phases:
            lines += _phase_as_code(phase)
        return "\n".join([*lines, ")"])


def _phase_as_code(phase: Phase) -> list[str]:
    if phase.sequential and phase.operations == 1:
        return [f"    call({phase.clients[0][0]!r}),"]
    lines = ["    burst("]
    for client in phase.clients:
        operations = ", ".join(repr(operation) for operation in client)
        lines.append(f"        [{operations}],")
    if phase.faults:
        lines.append(f"        faults={phase.faults!r},")
    if phase.schedule is not None:
        lines.append(f'        schedule="{phase.schedule}",')
    return [*lines, "    ),"]


def call(operation: object) -> Phase:
    """A phase of one operation, with nothing beside it."""
    return Phase(((operation,),))


def burst(*clients: list[object], faults: Faults | None = None, schedule: str | None = None) -> Phase:
    """A phase of clients at work at the same time, each a list of operations."""
    pinned = None if schedule is None else Schedule.parse(schedule)
    return Phase(tuple(tuple(client) for client in clients), faults or Faults(), pinned)
