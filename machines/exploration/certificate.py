"""Certificates: what an exploration may claim, and no more.

`complete`: every schedule of the program was executed. `complete to k preemptions`: every schedule with at
most k preemptions, wherever the allowed faults fall. `sampled`: some schedules; nothing is claimed of the
rest. An execution that was cut off (step limit) takes every claim of completeness with it.
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Kind = Literal["complete", "complete to preemptions", "sampled"]


@frozen
class Certificate:
    """What may be said after `executions` executions; `preemptions` is the k of a bounded claim."""

    kind: Kind
    executions: int
    preemptions: int | None = None

    def __attrs_post_init__(self) -> None:
        assert (self.kind == "complete to preemptions") == (self.preemptions is not None)

    @property
    def complete(self) -> bool:
        """Whether every schedule was executed."""
        return self.kind == "complete"

    def __str__(self) -> str:
        executions = f"{self.executions} execution{'s' if self.executions != 1 else ''}"
        if self.kind == "complete":
            return f"complete: every schedule, {executions}"
        if self.kind == "sampled":
            return f"sampled: {executions}, nothing is claimed of the others"
        times = "preemption" if self.preemptions == 1 else "preemptions"
        return f"complete to {self.preemptions} {times}: {executions}, nothing is claimed beyond"
