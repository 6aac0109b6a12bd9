"""Programs of every shape, drawn from the operations of the personality service, and a machine to name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from machines.counterexample.record import Counterexample
from machines.exploration.schedule import Schedule
from machines.invariants import Finding
from machines.program import Faults, Phase, Program
from model.specification.personality import CONTEXTS, Create, Delete, Get, GetAll, GetMany, Operation, Update

FEW = settings(max_examples=100, deadline=None, derandomize=True, database=None)
OPERATIONS: tuple[type, ...] = (Create, Update, Delete, Get, GetMany, GetAll)

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
LONG = st.integers(40, 300).map(lambda length: "a" * length) | st.text(min_size=90, max_size=200)
NAMED = st.dictionaries(st.text(max_size=9), JSON | LONG, max_size=8) | st.lists(
    st.tuples(st.sampled_from("ab"), st.integers()), max_size=3
)
CONTEXT = {"context": st.sampled_from(CONTEXTS)}
IDS = st.sampled_from(("x", "y")) | st.text()

OPERATION: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Create, IDS, NAMED, **CONTEXT),
    st.builds(Update, IDS, JSON, NAMED, **CONTEXT),
    st.builds(Delete, IDS, **CONTEXT),
    st.builds(Get, IDS),
    st.builds(GetMany, st.lists(IDS, max_size=4)),
    st.builds(GetAll, **CONTEXT),
)
CLIENT = st.lists(OPERATION, min_size=1, max_size=3).map(tuple)
TOKEN = st.integers(0, 12) | st.sampled_from(("crash", "power", "cancel-a", "end"))
SCHEDULE = st.lists(TOKEN, max_size=60).map(Schedule.of)
PHASE = st.builds(
    Phase,
    st.lists(CLIENT, min_size=1, max_size=4).map(tuple),
    st.builds(Faults, st.integers(0, 2), st.integers(0, 2)),
    st.none() | SCHEDULE,
)


class PersonalityStandIn:
    """As much of a machine as a file has to name: its subject's operations, and that it can replay."""

    subject = SimpleNamespace(operations=OPERATIONS)
    replay = None


MACHINE = f"{__name__}:{PersonalityStandIn.__name__}"
PROGRAM = st.builds(Program, st.just(MACHINE), st.lists(PHASE, min_size=1, max_size=3).map(tuple))
FINDING = Finding("versions_have_no_gaps", "Versions have no gaps.", ("S0-AC3-2",), "3 follows 1", "2", "3")


def small() -> Counterexample:
    """A counterexample of one phase."""
    update = Update("x", 1, {"humor": 5})
    phase = Phase(((update,), (Get("x"),)), Faults(crashes=1), Schedule.parse("0*2 crash power 1"))
    return Counterexample.of(Program(MACHINE, (phase,)), FINDING, 12)
