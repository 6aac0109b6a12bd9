"""The tally counts what happened, adds up over shards, and survives as JSON."""

from __future__ import annotations

import json

import pytest

from machines.program import Faults
from machines.tally import Tally
from tests.counterexample.toy import Increment
from tests.machines.toy import variant

A = Increment("a")


def tally_of_a_run() -> Tally:
    """What a machine counts in a call, a burst and a burst with a crash."""
    machine = variant()()
    machine.call(A)
    machine.interleave([[A], [A]])
    machine.interleave([[A]], Faults(crashes=1))
    return machine.tally


def test_every_execution_is_counted_once() -> None:
    """Executions are those of calls and bursts together, and each has its number of preemptions."""
    tally = tally_of_a_run()
    assert (tally.programs, tally.calls, tally.bursts, tally.bursts_contended) == (1, 1, 2, 1)
    assert sum(tally.preemptions.values()) == tally.executions
    assert tally.preemptions["0"] > tally.preemptions["1"] > 0
    assert tally.certificates == {"complete": tally.bursts_complete} == {"complete": 2}


def test_tallies_add_up() -> None:
    """Every number of the sum is the sum of the numbers, by name where there are names."""
    one, other = tally_of_a_run(), Tally(programs=2, faults={"flood": 3}, exercised={"S0-AC3-4": {"x": 5}})
    total = Tally()
    total.add(one)
    total.add(one)
    total.add(other)
    assert (total.programs, total.executions) == (4, 2 * one.executions)
    assert total.faults == {"crash": 2 * one.faults["crash"], "flood": 3}
    assert total.exercised["S0-AC3-4"] == {"answers_are_explained": 2 * one.executions, "x": 5}


def test_adding_leaves_the_other_as_it_was() -> None:
    """A tally that was added to another one is not changed by what is added later."""
    part, total = Tally(faults={"crash": 1}, exercised={"S0-AC3-4": {"x": 1}}), Tally()
    total.add(part)
    total.add(part)
    assert part == Tally(faults={"crash": 1}, exercised={"S0-AC3-4": {"x": 1}})


def test_a_tally_survives_as_json() -> None:
    """What is written as JSON is read as the same tally."""
    tally = tally_of_a_run()
    assert Tally.from_json(json.loads(json.dumps(tally.as_json()))) == tally


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"programs": "many"}, "programs cannot be 'many'"),
        ({"programs": -1}, "programs cannot be -1"),
        ({"programs": True}, "programs cannot be True"),
        ({"seconds": None}, "seconds cannot be None"),
        ({"faults": {"crash": 0.5}}, "faults cannot be"),
        ({"faults": [1]}, "faults cannot be"),
        ({"exercised": {"S0-AC3-4": 3}}, "exercised cannot be"),
        ({"exercised": {"S0-AC3-4": {"x": {}}}}, "exercised cannot be"),
        ({"guesses": 3}, "not the counts of a machine"),
    ],
)
def test_what_is_no_tally_is_refused(change: dict[str, object], complaint: str) -> None:
    """Counts that are missing, unknown, negative or of the wrong kind are refused, and named."""
    with pytest.raises(ValueError, match=complaint):
        Tally.from_json({**Tally().as_json(), **change})
    with pytest.raises(ValueError, match="not the counts of a machine"):
        Tally.from_json(list(change))
