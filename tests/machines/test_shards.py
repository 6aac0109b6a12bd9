"""A machine is split into shards that draw apart from each other, and always the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import Phase, settings
from hypothesis.internal.conjecture import providers
from hypothesis.stateful import run_state_machine_as_test

from machines import profiles
from machines.drawing_apart import drawing_apart
from machines.machine import Exploring, machine_name
from machines.shards import Run, is_machine, shard_of, shard_seed, share_of
from machines.tally import Tally
from tests.counterexample.toy import CounterMachine
from tests.machines.toy import NamingMachine, SteadyMachine, recorded

RUN = Run(profiles.profile_named("dev"), 0, 4, Exploring(executions_max=2), Path("nowhere"), 8)


def drawn(run: Run, shard: int, kind: type[SteadyMachine] = SteadyMachine) -> list[object]:
    """The programs that a shard draws."""
    programs: list[object] = []
    with drawing_apart():
        run_state_machine_as_test(
            shard_of(recorded(programs, kind), run, shard), settings=settings(max_examples=5, database=None)
        )
    return programs


def test_a_seed_draws_the_same_programs() -> None:
    """The same shard of the same seed draws the same programs again."""
    assert drawn(RUN, 1) == drawn(RUN, 1)


def test_shards_draw_different_programs() -> None:
    """No two shards draw the same list of programs."""
    lists = [drawn(RUN, shard) for shard in range(3)]
    assert lists[0] != lists[1] != lists[2] != lists[0]


def test_another_seed_draws_other_programs() -> None:
    """The same shard of another seed draws other programs."""
    assert drawn(RUN, 1) != drawn(evolve(RUN, seed=1), 1)


def test_what_else_is_imported_does_not_decide_what_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module full of numbers, imported between two shards, changes nothing."""
    before = drawn(RUN, 2, NamingMachine)
    text = f"NUMBERS = {list(range(200, 1_000))}\n"
    (tmp_path / "numbers_of_ours.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("numbers_of_ours")
    assert drawn(RUN, 2, NamingMachine) == before


def test_hypothesis_still_reads_constants_outside_of_shards() -> None:
    """Other tests of the project get Hypothesis as it is."""
    usual = providers._get_local_constants
    with drawing_apart():
        assert providers._get_local_constants is not usual
        assert not len(providers._get_local_constants())
    assert providers._get_local_constants is usual


def test_a_version_of_hypothesis_without_constants_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no such switch nothing is switched."""
    monkeypatch.delattr(providers, "_get_local_constants")
    with drawing_apart():
        assert not hasattr(providers, "_get_local_constants")


def test_every_shard_of_every_machine_has_a_seed_of_its_own() -> None:
    """The seed depends on the run's seed, the machine and the number of the shard."""
    seeds = {shard_seed(seed, name, shard) for seed in (0, 1) for name in ("m:A", "m:B") for shard in (0, 1)}
    assert len(seeds) == 8


@pytest.mark.parametrize(("programs", "shards"), [(160, 8), (7, 3), (2, 5), (1, 1)])
def test_the_shares_add_up(programs: int, shards: int) -> None:
    """The shards together draw as many programs as were asked for, each about as many as the others."""
    shares = [share_of(programs, shards, number) for number in range(shards)]
    assert sum(shares) == programs
    assert max(shares) - min(shares) <= 1


def test_a_shard_goes_by_the_name_of_its_machine() -> None:
    """Counterexamples of a shard name the machine, which can be imported."""
    shard = shard_of(SteadyMachine, RUN, 0)
    assert machine_name(shard) == machine_name(SteadyMachine) == "tests.machines.toy:SteadyMachine"


def test_a_shard_counts_for_itself() -> None:
    """The tally of a shard is its own, and so is its seed for exploring."""
    first, second = shard_of(SteadyMachine, RUN, 0), shard_of(SteadyMachine, RUN, 1)
    assert first.tally == Tally()
    assert first.tally is not second.tally
    assert first.exploring.seed != second.exploring.seed


@pytest.mark.parametrize(
    ("candidate", "module", "expected"),
    [
        (SteadyMachine, "tests.machines.toy", True),
        (CounterMachine, "tests.machines.toy", False),
        (CounterMachine.__base__, "machines.machine", False),
        (SteadyMachine(), "tests.machines.toy", False),
        (int, "builtins", False),
    ],
)
def test_a_machine_is_defined_with_a_subject(candidate: object, module: str, *, expected: bool) -> None:
    """A class with a subject is a machine of the module that defines it, and of no other."""
    assert is_machine(candidate, module) is expected


@pytest.mark.parametrize(
    ("change", "limited"),
    [
        (lambda run: run, False),
        (lambda run: evolve(run, seed=3, shards=2), False),
        (lambda run: evolve(run, programs=1_000_000), True),
        (lambda run: evolve(run, exploring=Exploring("random", executions_max=300)), True),
        (lambda run: evolve(run, profile=profiles.profile_named("replay")), True),
    ],
)
def test_only_a_full_run_is_complained_about(change: Callable[[Run], Run], *, limited: bool) -> None:
    """A run with fewer programs, another exploration or no drawing is limited; one on other shards is not."""
    profile = profiles.profile_named("dev")
    full = Run(profile, 0, 8, profile.exploring, Path("nowhere"))
    assert Phase.generate in profile.phases
    assert change(full).limited is limited


def test_the_arguments_of_a_run_repeat_it() -> None:
    """What differs from the profile is among the arguments; what does not, is not."""
    profile = profiles.profile_named("dev")
    full = Run(profile, 5, 8, profile.exploring, Path("nowhere"))
    assert full.arguments == ("--hypothesis-profile=dev", "--seed=5")
    small = evolve(full, shards=2, programs=9, exploring=Exploring("random", executions_max=7))
    assert small.arguments[2:] == ("--shards=2", "--programs=9", "--strategy=random", "--executions=7")
