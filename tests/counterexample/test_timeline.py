"""A timeline shows every statement, switch and fault of an execution, one column per task."""

from __future__ import annotations

import pytest

from machines.counterexample.columns import WIDTH, draw
from machines.counterexample.record import Counterexample, machine_named
from machines.counterexample.rerun import tell
from machines.counterexample.timeline import Step, Timeline
from machines.program import Faults, Phase, Program, burst
from tests.counterexample import found
from tests.counterexample.toy import Both, CarelessMachine, CounterMachine, Increment, ReadAll

COUNTERS = "tests.counterexample.toy:CounterMachine"
FOUND = (found.lost_update(), found.lost_among_children(), found.deadlock(), found.lost_in_a_crash())


def timeline_of(counterexample: Counterexample) -> Timeline:
    """What happened in its last phase."""
    program = counterexample.program
    return tell(machine_named(program.machine).subject, program).timeline


def steps_of(*phases: Phase) -> list[Step]:
    """What happened in the last of these phases."""
    return tell(CounterMachine.subject, Program(COUNTERS, phases)).timeline.steps


@pytest.mark.parametrize("counterexample", FOUND)
def test_the_steps_are_the_schedule(counterexample: Counterexample) -> None:
    """The steps, with the ways in which faults fell, are the choices of the schedule."""
    timeline = timeline_of(counterexample)
    schedule = counterexample.program.phases[-1].schedule
    assert schedule is not None
    numbers = {label: number for number, label in timeline.tasks.items()}
    tokens: list[int | str] = []
    for step in timeline.steps:
        tokens += [step.fault or numbers[step.task or ""], *step.variants]
    assert tokens == [each for each in schedule.tokens if each != "end"]
    assert timeline.length == len(tokens)


@pytest.mark.parametrize("counterexample", FOUND)
def test_every_statement_and_answer_is_drawn(counterexample: Counterexample) -> None:
    """Nothing that a step did is folded away."""
    timeline = timeline_of(counterexample)
    text = draw(timeline)
    for step in timeline.steps:
        for note in step.notes:
            assert note.split(" ")[0] in text
    begun = sum(len(step.begun) for step in timeline.steps)
    assert text.count("▶") == begun + (begun > 0), "one for each, and one where the signs are explained"
    assert max(text.count("◀") - 1, 0) == sum(len(step.ended) for step in timeline.steps)


@pytest.mark.parametrize("counterexample", FOUND)
def test_it_fits_the_page(counterexample: Counterexample) -> None:
    """No line is longer than the page is wide, or ends in blanks."""
    lines = draw(timeline_of(counterexample)).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert [line for line in lines if line != line.rstrip()] == []


def test_preemptions_are_told_from_free_switches() -> None:
    """A switch away from a task that could have gone on is a preemption, any other one is free."""
    steps = steps_of(burst([Increment("a")], [Increment("a")], schedule="0 1*3 0*2"))
    assert [step.switch for step in steps] == ["", "preempted", "", "", "free", ""]


def test_operations_begin_and_end_in_steps() -> None:
    """A client's next operation begins in the step in which the one before was answered."""
    steps = steps_of(burst([Increment("a"), ReadAll()]))
    begun = [[call.operation for call in step.begun] for step in steps]
    ended = [[call.result for call in step.ended] for step in steps]
    assert begun == [[Increment("a")], [], [ReadAll()], []]
    assert ended == [[], [], [1], [(("a", 1),)]]


def test_a_step_shows_its_statement_and_line() -> None:
    """A step says from which line of the service it goes on, and the statement that it runs there."""
    step = steps_of(burst([Increment("a")]))[1]
    assert step.notes == ["SELECT value FROM counter WHERE name = ?"]
    assert str(step.place).endswith("found = await self.run(_SELECT, name)")


def test_a_cancellation_is_marked() -> None:
    """A cancellation stands across the columns, by its name."""
    phase = burst([Increment("a")], faults=Faults(cancellations=1), schedule="0 cancel-a 0*2")
    timeline = tell(CounterMachine.subject, Program(COUNTERS, (phase,))).timeline
    assert [step.fault for step in timeline.steps] == ["", "cancel-a", "", ""]
    assert "✗ cancel-a ─" in draw(timeline)


def test_a_crash_says_how_it_fell() -> None:
    """A crash stands across the columns with what it took, and the restart has a column of its own."""
    phase = burst([Increment("a")], faults=Faults(crashes=1), schedule="0 crash power 1*2")
    timeline = tell(CarelessMachine.subject, Program(COUNTERS, (phase,))).timeline
    assert timeline.steps[1].variants == ("power",)
    assert "✗ crash (power) ─" in draw(timeline)
    assert list(timeline.tasks.values()) == ["a", "restart"]


def test_virtual_time_is_shown_when_it_changes() -> None:
    """A row says the virtual time if it is another one than that of the row above."""
    timeline = tell(
        CounterMachine.subject, Program(COUNTERS, (burst([Increment("a"), Increment("b", pause_ms=30)]),))
    ).timeline
    rows = [line for line in draw(timeline).splitlines()[1:] if line[2:9].strip().replace("-", "").isdigit()]
    assert [row[10:16].strip() for row in rows] == ["0", "", "", "30", ""]


def test_many_tasks_are_readable() -> None:
    """With more tasks than fit side by side each still has room for its text."""
    timeline = tell(CounterMachine.subject, Program(COUNTERS, (burst([Both(tuple("abcdefgh"))]),))).timeline
    lines = draw(timeline).splitlines()
    assert len(timeline.tasks) == 9
    assert max(map(len, lines)) <= WIDTH
    assert sum("SELECT value FROM counter WHERE name = ?" in line for line in lines) == 8


def test_nothing_happened() -> None:
    """An execution without a step is said to be one."""
    assert draw(Timeline()) == "(no step was made)"
