"""Certificates: what an exploration may claim, and no more.

`complete`: every schedule of the program was executed. `complete to k preemptions`: every schedule with at
most k preemptions, wherever the allowed faults fall (where a task that stays for long while others could step
counts as preempting them: `machines.exploration.bounded`). `sampled`: some schedules; nothing is claimed of
the rest. An execution that was cut off (step limit) takes every claim of completeness with it.

Two numbers say how much a sample is worth: how many schedules there are, estimated
(`machines.exploration.estimate`), and the chance of having missed a bug of depth d (`Detection`).
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Kind = Literal["complete", "complete to preemptions", "sampled"]

MISS_CHANCE_SAID = 0.05
"""A depth is spoken of when a bug of that depth was missed with a chance below this."""


@frozen
class Detection:
    """Executions under random priorities: `runs[d - 1]` of them with d - 1 points of demotion.

    `tasks` and `steps` are the most tasks of an execution, and the most choices between them: the bound holds
    for bugs that need no fault and show in executions no longer than that.
    """

    tasks: int
    steps: int
    runs: tuple[int, ...]

    def miss_chance(self, depth: int) -> float:
        """The bound on the chance that a bug of that depth (1 or more) did not show; 1.0 where there is none.

        (1 - 1 / (n * k**(d-1)))**N for n tasks, k steps and N executions (Burckhardt et al., ASPLOS 2010).
        """
        runs = self.runs[depth - 1] if 1 <= depth <= len(self.runs) else 0
        return (1.0 - 1.0 / float(self.tasks * self.steps ** (depth - 1))) ** runs if runs else 1.0


@frozen
class Certificate:
    """What may be said after `executions` executions; `preemptions` is the k of a bounded claim.

    `schedules_estimate`: how many schedules there are; `rough` if at best its order of magnitude is right.
    """

    kind: Kind
    executions: int
    preemptions: int | None = None
    schedules_estimate: float | None = None
    rough: bool = False
    detection: Detection | None = None

    def __attrs_post_init__(self) -> None:
        assert (self.kind == "complete to preemptions") == (self.preemptions is not None)

    @property
    def complete(self) -> bool:
        """Whether every schedule was executed."""
        return self.kind == "complete"

    def miss_chance(self, depth: int) -> float:
        """The bound on the chance that a bug of that depth did not show; 1.0 where there is none."""
        if self.complete:
            return 0.0
        return 1.0 if self.detection is None else self.detection.miss_chance(depth)

    def __str__(self) -> str:
        executions = f"{self.executions} execution{'s' if self.executions != 1 else ''}"
        if self.kind == "complete":
            return f"complete: every schedule, {executions}"
        if self.kind == "sampled":
            return f"sampled: {executions}{self._of}, nothing is claimed of the others{self._missed}"
        times = "preemption" if self.preemptions == 1 else "preemptions"
        claim = f"complete to {self.preemptions} {times}: {executions}{self._of}"
        return f"{claim}, nothing is claimed beyond{self._missed}"

    @property
    def _of(self) -> str:
        """Of how many."""
        estimate = self.schedules_estimate
        if estimate is None:
            return ""
        about = "very roughly" if self.rough else "about"
        return f" of {about} {estimate:.2g} schedules"

    @property
    def _missed(self) -> str:
        """The greatest depth that a bug was hardly missed at, and at each smaller one."""
        depth = 0
        while self.miss_chance(depth + 1) < MISS_CHANCE_SAID:
            depth += 1
        if depth == 0:
            return ""
        return f"; a bug of depth {depth} would be missed with a chance below {MISS_CHANCE_SAID:.0%}"
