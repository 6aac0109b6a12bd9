"""The pos strategy: steps have priorities, and races are drawn again."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define

from machines.exploration.pos import Pos
from machines.exploration.random_walk import RandomWalk
from machines.world.footprint import EVERYTHING, Footprint
from machines.world.kernel import Token
from tests.exploration.measuring import found_within, share, told, uneven
from tests.world.programs import every, explored, of_tasks, plain, steps

SHARED = Footprint(writes=1)
"""What a step does that races with another one of the same kind."""


@define
class Scripted:
    """Tasks whose steps have known footprints, stepped as a strategy says and without a kernel."""

    tasks: tuple[tuple[Footprint, ...], ...]

    def execute(self, strategy: Pos) -> list[Token]:
        """The schedule of one more execution."""
        assert strategy.begin()
        taken = [0] * len(self.tasks)
        schedule: list[Token] = []
        while left := [task for task, done in enumerate(taken) if done < len(self.tasks[task])]:
            token = left[_chosen(strategy, left, len(schedule))]
            schedule.append(token)
            strategy.stepped(token, self.tasks[token][taken[token]], {})
            taken[token] += 1
        return schedule


def _chosen(strategy: Pos, left: Sequence[int], step: int) -> int:
    return strategy.choose(left, len(left), preempting=False, step=step) if len(left) > 1 else 0


def own(task: int) -> Footprint:
    """What a step does that concerns no other task."""
    return Footprint(writes=2 << task)


def share_of_lasts(program: Scripted) -> float:
    """In which share of the executions the single step of task 1 comes last."""
    strategy = Pos(1)
    return share(program.execute(strategy)[-1] == 1 for _ in range(4000))


def test_races_are_drawn_again() -> None:
    """A step that races with three of another task, one after the other, comes last in an eighth."""
    assert 0.105 < share_of_lasts(Scripted(((SHARED,) * 3, (SHARED,)))) < 0.145


def test_independent_steps_keep_their_priorities() -> None:
    """A step that races with none of three comes last when it drew the lowest of four: in a quarter."""
    assert 0.23 < share_of_lasts(Scripted(((own(0),) * 3, (own(1),)))) < 0.27


def test_unknown_steps_keep_their_priorities() -> None:
    """Where nothing is known of what steps touch, they are taken not to race."""
    assert 0.23 < share_of_lasts(Scripted(((EVERYTHING,) * 3, (EVERYTHING,)))) < 0.27


def test_only_racing_steps_are_drawn_again() -> None:
    """A step that races with the last of ten others is delayed past all ten in an eleventh."""
    tasks = ((*(own(0),) * 9, SHARED), (SHARED,))
    assert 0.075 < share_of_lasts(Scripted(tasks)) < 0.105


def test_one_long_delay_is_within_reach() -> None:
    """A delay past 40 steps has a chance of about 1/40, while a random walk does not come by it."""
    assert all(found_within(300, Pos(seed), uneven(40)) for seed in range(4))
    assert not found_within(300, RandomWalk(0), uneven(40))


def test_every_schedule_turns_up() -> None:
    """No schedule of a small program is out of reach."""
    runs = explored(Pos(0), plain(2, 3), 1000)
    assert {run.tokens for run in runs} == {run.tokens for run in every(plain(2, 3))}


def test_same_seed_gives_the_same_schedules() -> None:
    """A seed decides every execution, however many come after it."""
    runs = explored(Pos(3), plain(3, 3), 40)
    assert explored(Pos(3), plain(3, 3), 20) == runs[:20]
    assert explored(Pos(4), plain(3, 3), 40) != runs


def test_it_stops_asking_for_footprints_that_nobody_knows() -> None:
    """Tracing costs time, so after an execution of which every step was unknown it is asked for no more."""
    strategy = Pos(0)
    program = Scripted(((EVERYTHING,) * 3, (EVERYTHING,)))
    assert strategy.traces
    program.execute(strategy)
    assert strategy.begin()
    assert not strategy.traces


def test_it_goes_on_asking_for_footprints_that_are_known() -> None:
    """As long as anything is known of any step, tracing goes on."""
    strategy = Pos(0)
    Scripted(((SHARED, EVERYTHING), (SHARED,))).execute(strategy)
    assert strategy.begin()
    assert strategy.traces


def test_number_of_tasks_and_steps_may_differ_between_executions() -> None:
    """A strategy that has learned from one program goes on with another."""
    strategy = Pos(0)
    for program in (plain(2, 2), of_tasks(steps(9), steps(1)), plain(4, 3)):
        assert len(told(strategy, program, 30)) == 30
