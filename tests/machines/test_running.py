"""Machines run by pytest, in projects of their own, as their authors would run them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.machines.projects import COUNTING, LOSING, Project, Ran

SMALL = ("--shards=2", "--programs=12", "--executions=30")

IDLE = '''\
from hypothesis.stateful import rule
from machines.invariants import invariant
from model.acceptance.registry import acceptance
from tests.counterexample.toy import Increment
from tests.machines.toy import SteadySubject
from machines.machine import ConcurrentMachine


class Idle(ConcurrentMachine):
    """One client counts, and nobody is beside it."""

    subject = SteadySubject()
    fault_kinds = ("crash",)

    @rule()
    def count(self):
        self.call(Increment("a"))

    @acceptance("S0-AC3-1")
    @invariant()
    def never_meets_anything(self, evidence):
        return 0
'''
BUSY = '''\
from hypothesis.stateful import precondition, rule
from machines.invariants import invariant
from machines.program import Faults
from model.acceptance.registry import acceptance
from tests.counterexample.toy import Increment
from tests.machines.toy import SteadySubject
from machines.machine import ConcurrentMachine


class Busy(ConcurrentMachine):
    """Two clients count, once in a program, and one of them may give up."""

    subject = SteadySubject()
    fault_kinds = ("cancel",)

    @rule()
    def rest(self):
        pass

    @precondition(lambda self: not self.program.phases)
    @rule()
    def count(self):
        self.interleave([[Increment("a")], [Increment("a")]], Faults(cancellations=1))

    @acceptance("S0-AC3-4")
    @invariant()
    def answers_are_explained(self, evidence):
        return int(evidence.linearizability.holds)
'''


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one machine, which has been run with seed 0."""
    project = Project.of(tmp_path_factory.mktemp("counting"), test_counting=COUNTING)
    ran = project.run(*SMALL)
    assert ran.status == 0, ran.output
    return project


def test_the_same_seed_gives_the_same_counts(counting: Project) -> None:
    """A second run with the same seed leaves the same record, byte for byte but for the seconds it took."""
    before = counting.record
    counting.run(*SMALL)
    assert counting.record == before


def test_the_number_of_processes_does_not_change_the_counts(counting: Project) -> None:
    """Two processes leave the record that one has left, and print the same summary."""
    before = counting.record
    ran = counting.run(*SMALL, "-n2", "--dist=worksteal")
    assert (ran.status, counting.record) == (0, before)
    assert ran.section("tandem")[0] == (
        "run          profile dev, seed 0; to repeat it: "
        "pytest machines --hypothesis-profile=dev --seed=0 --shards=2 --programs=12 --executions=30"
    )


def test_another_seed_gives_other_counts(counting: Project, tmp_path: Path) -> None:
    """Another seed draws other programs, and says which seed it was."""
    other = Project.of(tmp_path, test_counting=COUNTING)
    assert "seed 1" in other.run(*SMALL, "--seed=1").section("tandem")[0]
    assert {**other.counted, "seconds": 0} != {**counting.counted, "seconds": 0}


def test_a_machine_is_collected_where_it_is_defined(tmp_path: Path) -> None:
    """A module that imports a machine, or has the base of one, does not run it."""
    importing = "from test_counting import Counting, SteadyMachine\n\n\ndef test_itself():\n    pass\n"
    project = Project.of(tmp_path, test_counting=COUNTING, test_importing=importing)
    assert project.run("--collect-only", "-q", "--shards=2").output.splitlines()[:3] == [
        "test_counting.py::Counting::shard-0",
        "test_counting.py::Counting::shard-1",
        "test_importing.py::test_itself",
    ]


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A full run of a machine without concurrency, on two processes."""
    return Project.of(tmp_path_factory.mktemp("idle"), test_idle=IDLE).run("-n2")


def test_a_full_run_that_proves_too_little_fails(idle: Ran) -> None:
    """Without concurrency, without one of its faults, with a criterion never met, it ends with status 1."""
    assert idle.status == 1
    assert idle.section("RUN FAILED")[:5] == [
        "nothing was violated, but the run proves less than it should:",
        "test_idle:Idle: no burst had two clients at work at the same time",
        "test_idle:Idle: no execution had a preemption",
        "test_idle:Idle: no crash happened",
        "test_idle:Idle: S0-AC3-1 is tied to never_meets_anything, and was never exercised",
    ]


def test_a_limited_run_is_not_complained_about(tmp_path: Path) -> None:
    """A run that was asked for less than its profile may well not meet everything."""
    ran = Project.of(tmp_path, test_idle=IDLE).run("--programs=2")
    assert (ran.status, "RUN FAILED" in ran.output) == (0, False)


def test_a_full_run_that_meets_everything_passes(tmp_path: Path) -> None:
    """With concurrency, its faults and its criteria a full run passes."""
    ran = Project.of(tmp_path, test_busy=BUSY).run("--acceptance")
    assert (ran.status, "RUN FAILED" in ran.output) == (0, False)
    table = ran.section("acceptance criteria")
    assert len([line for line in table if re.match(r"S\d-", line)]) == 199
    assert table[-1].startswith("profile dev, seed 0: 1 of 199 exercised, 0 tied but never exercised")


def test_an_unknown_criterion_is_an_error_of_collection(tmp_path: Path) -> None:
    """A wrong id stops the run before anything is executed, with the ids that look like it."""
    wrong = IDLE.replace("S0-AC3-1", "S0-AC3-11")
    ran = Project.of(tmp_path, test_idle=wrong).run()
    assert ran.status == 2
    assert (
        "UnknownCriterion: no acceptance criterion is called 'S0-AC3-11'; did you mean S0-AC3-1 or"
        in ran.output
    )


def test_the_same_finding_of_several_shards_is_told_once(tmp_path: Path) -> None:
    """The first shard that finds something tells it in full, the others say that it is the same."""
    ran = Project.of(tmp_path, test_losing=LOSING).run("--shards=3", "--programs=9")
    assert ran.status == 1
    assert ran.output.count("The program, as code") == 1
    assert ran.output.count("the same as test_losing.py::Losing::shard-0 has found: losing-") >= 2
    assert "Captured stdout" not in ran.output
