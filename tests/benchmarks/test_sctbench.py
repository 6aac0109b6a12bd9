"""The benchmark programs do what they say: each small bug is found, and no execution is redundant."""

from __future__ import annotations

import pytest

from machines.exploration.exhaustive import Exhaustive
from tests.benchmarks.sctbench.catalogue import PROGRAMS
from tests.benchmarks.sctbench.running import exhausted, first_bug

TRACES = {
    "account": (170, 116),
    "bluetooth_driver": (20, 2),
    "carter01": (14, 10),
    "deadlock01": (9, 1),
    "din_phil2": (9, 1),
    "din_phil3": (49, 1),
    "din_phil4": (385, 1),
    "lazy01": (150, 102),
    "phase01": (40, 40),
    "reorder_3": (234, 190),
    "sync01": (5, 5),
    "sync02": (29, 29),
    "twostage": (10, 4),
    "work_stealing_queue": (777, 517),
    "uneven_25": (3, 2),
    "alternation_6": (924, 1),
}
"""Traces, and those of them that show the bug, of the programs that are small enough to count them all."""

TOO_LARGE = {"din_phil6", "din_phil7", "reorder_10", "reorder_20", "twostage_100", "wronglock", "safestack"}
"""What an exhaustive search does not find in a few thousand executions; the samplers are for these."""


@pytest.mark.parametrize("program", TRACES)
def test_every_trace_is_executed_once(program: str) -> None:
    """An exhaustive search comes to its end, with one execution per trace; so many of them fail."""
    done = exhausted(PROGRAMS[program], 2_000)
    assert done.complete
    assert done.blocked == 0
    assert (done.traces, done.failed) == TRACES[program]
    assert done.executions == done.traces


@pytest.mark.parametrize("program", sorted(PROGRAMS.keys() - TRACES.keys() - TOO_LARGE))
def test_the_bug_is_found(program: str) -> None:
    """An exhaustive search finds the bug of every other program that is not too large for it."""
    assert first_bug(PROGRAMS[program], Exhaustive(), 2_000).first is not None
