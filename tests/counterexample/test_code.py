"""A counterexample's program is printed as Python that can be pasted and does exactly the same."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given

from machines.counterexample import replay as home
from machines.counterexample.code import WIDTH, as_code, flat
from machines.counterexample.record import Counterexample
from machines.exploration.schedule import Schedule
from machines.machine import Violation
from machines.program import Faults, Phase, Program, call
from model.specification.personality import Create, Get, Update
from tests.counterexample import found
from tests.counterexample.programs import FEW, MACHINE, PROGRAM
from tests.counterexample.stored import expect_stored


class Colour(Enum):
    """An enumeration in an operation."""

    RED = "red"


@frozen
class Paint:
    """An operation with an enumeration."""

    colour: Colour
    coats: int = 1


def pasted(code: str) -> Program:
    """The program that the code asks to be replayed."""
    asked: list[Program] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home, "replay", lambda machine, *phases: asked.append(Program(machine, phases)))
        exec(code, {})  # noqa: S102 - that it runs is the point
    return asked[0]


def as_run(phase: Phase) -> Phase:
    """The phase without a schedule that says no more than that its only task went on to the end."""
    tokens = phase.schedule.tokens if phase.schedule else ()
    alone = phase.sequential and phase.operations == 1 and len(set(tokens)) <= 1
    return Phase(phase.clients) if alone else phase


@FEW
@given(program=PROGRAM)
def test_the_code_is_the_program(program: Program) -> None:
    """Every program comes back from its code, equal in every value and its type."""
    again = pasted(as_code(program))
    assert again.machine == program.machine
    assert list(map(as_run, again.phases)) == list(map(as_run, program.phases))


@pytest.mark.parametrize(
    "find", [found.lost_update, found.lost_among_children, found.deadlock, found.lost_in_a_crash]
)
def test_pasted_code_fails_the_same_way(find: Any) -> None:
    """Code that was printed for a failure, run as it is, raises the same violation."""
    counterexample: Counterexample = find()
    with pytest.raises(Violation) as caught:
        exec(as_code(counterexample.program), {})  # noqa: S102 - that it runs is the point
    assert caught.value.counterexample.finding == counterexample.finding
    assert caught.value.counterexample.program == counterexample.program


def test_long_drafts_read_well() -> None:
    """What does not fit is filled into lines, a repeated character is counted, a long text is cut up."""
    draft = {f"trait{number}": number for number in range(20)} | {
        "name": "x" * 101,
        "text": "to and fro " * 20,
    }
    steps = Schedule.parse(" ".join(f"{number}*3" for number in range(60)))
    update = Update("an-id", 1, {"humor": True})
    program = Program(
        MACHINE, (call(Create("an-id", draft)), Phase(((update,), (Get("an-id"),)), schedule=steps))
    )
    code = as_code(program)
    assert max(map(len, code.splitlines())) <= WIDTH
    assert pasted(code) == program
    expect_stored("code", code)


def test_a_call_whose_tasks_took_turns_keeps_its_schedule() -> None:
    """An operation that starts tasks of its own is no plain call if a schedule says how they took turns."""
    phase = Phase(((Get("x"),),), schedule=Schedule.parse("0 1 0"))
    assert pasted(as_code(Program(MACHINE, (phase,)))).phases == (phase,)


def test_enumerations_can_be_pasted() -> None:
    """An enumeration's member is written by its name, and imported."""
    program = Program(MACHINE, (call(Paint(Colour.RED, 2)),))
    assert flat(Paint(Colour.RED, 2)) == "Paint(Colour.RED, coats=2)"
    assert pasted(as_code(program)) == program


def test_faults_say_their_names() -> None:
    """A fault budget names the kinds that it has."""
    assert flat(Faults(cancellations=2)) == "Faults(cancellations=2)"
