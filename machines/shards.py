"""Machines as pytest items: each machine is split into seeded shards, so that `-n auto` keeps all cores busy.

A shard is a thin subclass of the machine with a seed and a tally of its own. The seed of a shard is derived
from the seed of the run, the machine and the shard's number, so one number repeats a whole run, and no two
shards try the same programs. Nothing else may decide what a shard draws: not the process that it runs in, and
not what ran before it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import Phase, Verbosity, settings
from hypothesis.reporting import with_reporter
from hypothesis.stateful import run_state_machine_as_test

from machines import progress
from machines.counterexample.code import as_code
from machines.counterexample.errors import NotSavedError
from machines.counterexample.report import render
from machines.drawing_apart import drawing_apart
from machines.machine import ConcurrentMachine, Exploring, Violation, machine_name
from machines.profiles import Profile
from machines.tally import Tally

TALLY = "tandem"
"""The user property under which a shard's report carries what it counted."""
FOUND = "tandem-found"
"""The user property under which it names each counterexample that it has found."""
SHARDS = 8
"""Enough for an even share of the work on a few cores, so few that each draws a good number of programs."""


@frozen
class Run:
    """What the command line asks of every shard. `programs` are per machine; None: the profile's number."""

    profile: Profile
    seed: int
    shards: int
    exploring: Exploring
    folder: Path
    programs: int | None = None

    @property
    def limited(self) -> bool:
        """Whether it is smaller than its profile, or draws nothing: then nothing may be missed."""
        smaller = self.programs is not None or self.exploring != self.profile.exploring
        return smaller or Phase.generate not in self.profile.phases

    @property
    def arguments(self) -> tuple[str, ...]:
        """The options that repeat this run."""
        usual = self.profile.exploring
        chosen = [f"--hypothesis-profile={self.profile.name}", f"--seed={self.seed}"]
        if self.shards != SHARDS:
            chosen.append(f"--shards={self.shards}")
        if self.programs is not None:
            chosen.append(f"--programs={self.programs}")
        if self.exploring.strategy != usual.strategy:
            chosen.append(f"--strategy={self.exploring.strategy}")
        if self.exploring.executions_max != usual.executions_max:
            chosen.append(f"--executions={self.exploring.executions_max}")
        return tuple(chosen)


def is_machine(candidate: object, module: str) -> bool:
    """Whether this is a machine, of that module, that can be run."""
    return (
        isinstance(candidate, type)
        and issubclass(candidate, ConcurrentMachine)
        and candidate.__module__ == module
        and hasattr(candidate, "subject")
    )


def shard_seed(seed: int, machine: str, shard: int) -> int:
    """The seed of one shard of one machine in the run with that seed."""
    digest = blake2b(f"{seed}/{machine}/{shard}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def share_of(programs: int, shards: int, shard: int) -> int:
    """How many of the programs that shard draws; all shards together draw all of them."""
    return programs // shards + (shard < programs % shards)


def shard_of(machine: type[ConcurrentMachine], run: Run, shard: int) -> type[ConcurrentMachine]:
    """The thin subclass of the machine that the shard runs."""
    seed = shard_seed(run.seed, machine_name(machine), shard)
    body = {
        "__doc__": machine.__doc__,
        "__module__": machine.__module__,
        "__qualname__": machine.__qualname__,
        "is_shard": True,
        "exploring": evolve(run.exploring, seed=seed),
        "tally": Tally(),
        "found_after": 0,
        "_judge": None,
        "_hypothesis_internal_use_seed": seed,
    }
    return type(machine.__name__, (machine,), body)


class MachineCollector(pytest.Collector):
    """A machine: collects its shards."""

    machine: type[ConcurrentMachine]
    run: Run

    @classmethod
    def of(cls, parent: Any, machine: type[ConcurrentMachine], run: Run) -> MachineCollector:
        """The collector of one machine."""
        collector: MachineCollector = cls.from_parent(parent, name=machine.__name__)
        collector.machine, collector.run = machine, run
        return collector

    def collect(self) -> Iterator[ShardItem]:
        """One item a shard."""
        for number in range(self.run.shards):
            item: ShardItem = ShardItem.from_parent(self, name=f"shard-{number}")
            item.machine, item.run, item.number = self.machine, self.run, number
            yield item


class ShardItem(pytest.Item):
    """One shard of a machine."""

    machine: type[ConcurrentMachine]
    run: Run
    number: int

    def runtest(self) -> None:
        """Draw and explore this shard's share of the programs."""
        shard = shard_of(self.machine, self.run, self.number)
        shard.watch = staticmethod(progress.reporter(self.run.folder, self.nodeid))
        try:
            self._explore(shard)
        finally:
            counted = {
                "machine": machine_name(self.machine),
                "fault_kinds": list(self.machine.fault_kinds),
                "tally": shard.tally.as_json(),
            }
            self.user_properties.append((TALLY, counted))

    def _explore(self, shard: type[ConcurrentMachine]) -> None:
        programs = self.run.programs or self.run.profile.programs
        share = share_of(programs, self.run.shards, self.number)
        if share:
            chosen = settings(max_examples=share, verbosity=Verbosity.normal)
            with drawing_apart(), with_reporter(_untold):
                run_state_machine_as_test(shard, settings=chosen)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A violation as its report, with the file that replays it; anything else as pytest shows it."""
        violations = list(_violations(excinfo.value))
        if not violations:
            return super().repr_failure(excinfo, style)
        self.user_properties += [(FOUND, each.counterexample.file_name) for each in violations]
        told = [describe_violation(each, self.run.folder) for each in violations]
        if not isinstance(excinfo.value, Violation):
            told.insert(0, f"{type(excinfo.value).__name__}: {excinfo.value}")
        return "\n\n".join(told)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item stands, for the reporter."""
        return self.path, None, f"{self.machine.__name__} shard {self.number}"


def _untold(_text: object) -> None:
    """Hypothesis' own account of a failure says less than ours, and is a note of every other error."""


def _violations(error: BaseException) -> Iterator[Violation]:
    """The violation, or those in the group in which Hypothesis says that they come and go."""
    if isinstance(error, Violation):
        yield error
    elif isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _violations(inner)


def describe_violation(found: Violation, folder: Path) -> str:
    """The report of a violation, whose counterexample is saved first; if that fails, it is printed."""
    counterexample = found.counterexample
    try:
        path, unsaved = counterexample.save(folder / "counterexamples"), ""
    except NotSavedError as error:
        path, unsaved = None, f"\n\nNOT SAVED: {error}"
    try:
        report = render(counterexample, path)
    except Exception:  # noqa: BLE001 - an error in the telling must not hide what there is to tell
        report = (
            f"{found}\n\n{as_code(counterexample.program)}\n\nThe report failed:\n{traceback.format_exc()}"
        )
        report += f"\nThe counterexample is in {path}" if path is not None else ""
    return report + unsaved
