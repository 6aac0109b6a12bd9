"""The `replay` strategy: exactly the choices of a given schedule."""

from __future__ import annotations

from collections.abc import Sequence

from machines.exploration.certificate import Certificate
from machines.exploration.schedule import Schedule
from machines.world.errors import ScheduleDivergedError
from machines.world.kernel import Token


class Replay:
    """Takes the choices of `schedule`; with `lenient`, option 0 where the schedule does not fit."""

    def __init__(self, schedule: Schedule, *, lenient: bool = False) -> None:
        self._tokens = schedule.tokens
        self._lenient = lenient
        self._begun = False

    def begin(self) -> bool:
        """One execution, and no more."""
        first = not self._begun
        self._begun = True
        return first

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """The option that the schedule names; raises `ScheduleDivergedError` if it is not offered."""
        wanted = self._tokens[step] if step < len(self._tokens) else None
        if wanted in options:
            return options.index(wanted)
        if self._lenient:
            return 0
        offered = ", ".join(str(option) for option in options)
        asked = "has ended" if wanted is None else f"asks for {wanted}"
        raise ScheduleDivergedError(
            f"at step {step} the schedule {asked}, but the program offers {offered}: "
            "the program or the system has changed since the schedule was recorded"
        )

    def certificate(self, executions: int) -> Certificate:
        """One schedule is a sample."""
        return Certificate("sampled", executions)
