"""The faults that a phase may suffer, as choices of the scheduler: crash of the node, cancelling of a client.

Each is possible at every point of the execution until its budget is spent, so exploring the schedules is
exploring where the faults fall. Not happening is a choice too. What is possible at one point is possible at
every earlier one: `exhaustive` moves a fault towards the beginning step by step.
"""

from __future__ import annotations

from attrs import define

from machines.world.kernel import Execution, Root
from machines.world.node import Node


@define(eq=False)
class Budget:
    """How many more faults of one kind may happen."""

    left: int


@define(eq=False)
class Crash:
    """The node stops where it stands, loses what it had not synced, and starts again."""

    node: Node
    budget: Budget
    name: str = "crash"

    def possible(self, *, at_end: bool) -> bool:  # noqa: ARG002 - a crash after the last answer matters as well
        """As long as the budget lasts."""
        return self.budget.left > 0

    def happen(self, execution: Execution) -> None:
        """Crash and restart."""
        self.budget.left -= 1
        self.node.crash(execution)


@define(eq=False)
class Cancellation:
    """A client gives up: its operation is cancelled where it waits."""

    root: Root
    budget: Budget
    name: str

    def possible(self, *, at_end: bool) -> bool:
        """Until the client has got its answer; before it asked, too."""
        return not at_end and self.budget.left > 0 and not self.root.done

    def happen(self, execution: Execution) -> None:  # noqa: ARG002 - the interface's
        """Cancel its scope; it is told at its next suspension point."""
        self.budget.left -= 1
        self.root.scope.cancel()
