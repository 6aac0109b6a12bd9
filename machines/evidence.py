"""Evidence: all that one execution of a phase left behind for the invariants to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define

from machines.exploration.schedule import Schedule
from machines.program import Phase
from machines.subject import Rows
from model.history import Call
from model.judges.linearizability import Linearizability
from system_under_test.communication.messages import Message


@define(eq=False)
class Evidence:
    """One execution, at its end, when nothing steps any more.

    `calls` are the clients' operations in the order of their invocation, `requests` the id of each (the
    correlation id that the system saw), `errors` the system's own error by request id. `before` and `after`
    are the committed rows; `observed` is a read of everything after the end, as one more call. `initial` is
    the model's state before, and `linearizability` the verdict on the calls and the observation. Times are
    virtual milliseconds.
    """

    phase: Phase
    schedule: Schedule
    calls: tuple[Call, ...]
    requests: tuple[str, ...]
    errors: Mapping[str, Exception]
    before: Rows
    after: Rows
    observed: Call
    messages: tuple[Message, ...]
    leftovers: Mapping[str, int]
    faults: tuple[str, ...]
    preemptions: int
    switches: int
    choices: int
    started_ms: int
    ended_ms: int
    initial: Any = None
    linearizability: Linearizability | None = None

    @property
    def crashed(self) -> bool:
        """Whether the node crashed on the way."""
        return "crash" in self.faults
