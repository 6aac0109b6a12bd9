"""Measures a two-client update burst on real SQLite, and says where its time goes.

Run `python -m tests.benchmarks.burst`. Times are CPU time of this process on this machine; the shares are
what to compare.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from time import process_time
from typing import Any

from attrs import frozen
from rich.console import Console
from rich.table import Table

from machines.machine import Exploring
from machines.personality.drawing import VALID_DRAFTS
from machines.tally import Tally
from machines.test_personality_edits import PersonalityEdits
from model.specification.personality import Create, Get, Update

ROUNDS = 12
PARTS = {
    "SQLite and the simulated disk": ("apsw", "/world/disk", "/world/sqlite"),
    "the services": ("/system_under_test/",),
    "trio": ("/trio/", "/outcome/"),
    "the kernel": (
        "/world/kernel",
        "/world/trio_internals",
        "/world/loop",
        "/world/recording",
        "/world/instr",
    ),
    "the strategy": ("/exploration/",),
    "snapshots and evidence": (
        "/world/node",
        "exploring.py",
        "evidence.py",
        "pickle",
        "/personality/subject",
    ),
    "judges and invariants": ("/model/", "/personality/", "invariants.py", "machine.py", "tally.py"),
}


@frozen
class Burst:
    """A burst, by name: what two clients ask of one personality at its version."""

    name: str
    operations: Callable[[str, int], list[list[Any]]]


BURSTS = (
    Burst("two updates", lambda who, at: [[Update(who, at, {"humor": 7})], [Update(who, at, {"humor": 9})]]),
    Burst("update and read", lambda who, at: [[Update(who, at, {"humor": 7})], [Get(who)]]),
)


def machine(strategy: str) -> tuple[Any, str]:
    """A machine with one personality, and its id."""

    class Measured(PersonalityEdits):
        """One that counts for itself."""

        exploring = Exploring(strategy=strategy, executions_max=2_000, recheck_every=10**9)
        tally = Tally()

    made = Measured()
    who = made.predict_id()
    made.call(Create(who, VALID_DRAFTS[0]))
    return made, who


def explore(made: Any, who: str, burst: Burst) -> tuple[int, float, str]:
    """Executions, seconds and certificate of one exploration from the state reached."""
    version = made.model.find(who).version
    before = made.tally.executions
    began = process_time()
    certificate = made.interleave(burst.operations(who, version))
    return made.tally.executions - before, process_time() - began, str(certificate)


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """The share of each part in the time, by where the functions are."""
    stats = pstats.Stats(profile)
    spent = dict.fromkeys((*PARTS, "Python's own functions, and the rest"), 0.0)
    for (path, _line, name), row in stats.stats.items():  # type: ignore[attr-defined] # undocumented, and stable since Python 2
        where = f"{path} {name}"
        part = next((part for part, marks in PARTS.items() if any(mark in where for mark in marks)), None)
        spent[part or "Python's own functions, and the rest"] += row[2]
    total = sum(spent.values())
    return {part: seconds / total for part, seconds in spent.items()}


def main() -> None:
    """Print the rates of the bursts under each strategy, and where the time of the first goes."""
    console = Console()
    table = Table("burst", "strategy", "executions a burst", "executions/s", "certificate")
    for strategy in ("bounded", "exhaustive"):
        for burst in BURSTS:
            made, who = machine(strategy)
            explore(made, who, burst)
            runs = [explore(made, who, burst) for _ in range(ROUNDS)]
            best = max(executions / seconds for executions, seconds, _ in runs)
            table.add_row(burst.name, strategy, str(runs[0][0]), f"{best:,.0f}", runs[0][2].split(":")[0])
    console.print(table)
    made, who = machine("bounded")
    explore(made, who, BURSTS[0])
    with cProfile.Profile() as profile:
        for _ in range(ROUNDS):
            explore(made, who, BURSTS[0])
    where = Table("two updates, bounded: where the time goes", "share")
    for part, share in shares(profile).items():
        where.add_row(part, f"{100 * share:.0f} %")
    console.print(where)


if __name__ == "__main__":
    main()
