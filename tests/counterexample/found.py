"""Counterexamples that the toy's machines find, for the tests of how they are told and kept."""

from __future__ import annotations

from functools import cache

import pytest
from attrs import evolve

from machines.counterexample.record import Counterexample, versions
from machines.machine import ConcurrentMachine, Violation
from machines.program import Faults
from tests.counterexample.toy import Both, CarelessMachine, CounterMachine, Increment, Move


def explore(
    kind: type[ConcurrentMachine], *clients: list[object], faults: Faults | None = None
) -> Counterexample:
    """The first violation among the interleavings of the clients."""
    machine = kind()
    machine.call(Increment("a"))
    with pytest.raises(Violation) as caught:
        machine.interleave(clients, faults)
    return evolve(caught.value.counterexample, executions=12, versions=dict(versions()))


@cache
def lost_update() -> Counterexample:
    """Two clients count at once."""
    return explore(CounterMachine, [Increment("a")], [Increment("a")])


@cache
def lost_among_children() -> Counterexample:
    """One client counts twice at once, while another one only counts something else, later."""
    return explore(CounterMachine, [Both(("a", "a"))], [Increment("b", pause_ms=20)])


@cache
def deadlock() -> Counterexample:
    """Two clients move from and to each other."""
    return explore(CounterMachine, [Move("a", "b")], [Move("b", "a")])


@cache
def lost_in_a_crash() -> Counterexample:
    """A client is told that it counted, and the power fails."""
    return explore(CarelessMachine, [Increment("a"), Increment("b")], faults=Faults(crashes=1))
