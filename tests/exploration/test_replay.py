"""Replay takes exactly the choices of a schedule, and says where a program no longer offers them."""

from __future__ import annotations

import pytest
from hypothesis import given

from machines.exploration.replay import Replay
from machines.exploration.schedule import Schedule
from machines.world.errors import ScheduleDivergedError
from tests.exploration.random_programs import RandomProgram, random_programs
from tests.exploration.test_strategies import EXAMPLES, all_runs
from tests.world.programs import explored, of_tasks, plain, steps


@given(program=random_programs())
@EXAMPLES
def test_every_schedule_replays_from_its_text(program: RandomProgram) -> None:
    """Whatever was executed is executed again from the text of its schedule, with the same outcome."""
    for run in all_runs(program)[:20]:
        text = str(Schedule(run.tokens))
        assert explored(Replay(Schedule.parse(text)), program) == [run]


def test_replay_is_one_execution() -> None:
    """A schedule is executed once, and is a sample."""
    replay = Replay(Schedule.parse("0*2 1*2"))
    assert len(explored(replay, plain(2, 2), 10)) == 1
    assert replay.certificate(1).kind == "sampled"


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("0 1 2 1 0", "at step 2 the schedule asks for 2, but the program offers 1, 0"),
        ("0 1", "at step 2 the schedule has ended, but the program offers 1, 0"),
        ("0 crash 0 1*2", "at step 1 the schedule asks for crash, but the program offers 0, 1"),
    ],
)
def test_schedule_that_does_not_fit_is_refused(schedule: str, words: str) -> None:
    """A choice that is not offered is reported with its place, what was wanted, and what there is."""
    with pytest.raises(ScheduleDivergedError) as raised:
        explored(Replay(Schedule.parse(schedule)), plain(2, 2))
    assert str(raised.value) == (
        f"{words}: the program or the system has changed since the schedule was recorded"
    )


@pytest.mark.parametrize("schedule", ["", "1", "1 7 0 crash", "9*9"])
def test_lenient_replay_goes_on_where_it_does_not_fit(schedule: str) -> None:
    """Told to be lenient, it takes the first option where the schedule does not fit or has ended."""
    [run] = explored(Replay(Schedule.parse(schedule), lenient=True), plain(2, 2))
    assert sorted(run.tokens, key=str) == [0, 0, 1, 1]
    assert run.tokens[0] == (1 if schedule.startswith("1") else 0)


def test_forced_steps_take_their_places() -> None:
    """A forced step stands in the schedule, so that later choices are looked up at their own places."""
    [run] = explored(Replay(Schedule.parse("1*3 0*2")), of_tasks(steps(2), steps(3)))
    assert run.tokens == (1, 1, 1, 0, 0)
