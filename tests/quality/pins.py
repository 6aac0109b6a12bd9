"""What each seeded defect shrinks to and what it took to find: one readable table, `pins.json`.

After a change of the machines, of the system or of a library, the table is made anew by
`python -m tests.quality`, and the difference is there to be judged: a counterexample that has grown, or a
defect that takes much longer to find, is a loss.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from attrs import asdict, frozen
from cattrs import structure

from machines.program import Phase
from tests.defects.applying import applied
from tests.defects.defect import Defect
from tests.quality.hunting import Catch, hunt, sight

TABLE = Path(__file__).with_name("pins.json")


@frozen
class Pin:
    """One row of the table.

    `seed` of the hunt; `programs` and `executions` until the first violation. The rest is what that shrinks
    to: the `program`, a line a phase, with `||` between clients; `operations` in all; of the last phase the
    `switches`, the `preemptions` among them and the `faults` that happened; every invariant `violated`.
    """

    seed: int
    programs: int
    executions: int
    program: tuple[str, ...]
    operations: int
    switches: int
    preemptions: int
    faults: tuple[str, ...]
    violated: tuple[str, ...]


class NotCaughtError(AssertionError):
    """A machine does not notice a defect: with this seed it draws too little, or it cannot see it at all."""


def caught(defect: Defect, seed: int) -> Catch:
    """What the hunt for a defect that is applied comes home with; raises `NotCaughtError`."""
    catch = hunt(defect, seed)
    if catch is None:
        raise NotCaughtError(f"{defect.machine} does not notice {defect.name} with seed {seed}")
    return catch


def pin_of(defect: Defect, seed: int, catch: Catch) -> Pin:
    """The row for a catch, while the defect is applied."""
    program = catch.counterexample.program
    seen = sight(defect, program)
    assert seen is not None, f"the counterexample of {defect.name} holds when it is replayed"
    evidence = seen.evidence
    return Pin(
        seed,
        catch.programs,
        catch.counterexample.executions,
        tuple(_line(phase) for phase in program.phases),
        program.operations,
        evidence.switches,
        evidence.preemptions,
        tuple(evidence.faults),
        seen.violated,
    )


def _line(phase: Phase) -> str:
    clients = ("; ".join(type(operation).__name__ for operation in client) for client in phase.clients)
    return " || ".join(clients)


def pinned() -> Mapping[str, Pin]:
    """The rows of the table, by the names of the defects."""
    return structure(json.loads(TABLE.read_text(encoding="utf-8"))["defects"], dict[str, Pin])


def libraries() -> Mapping[str, str]:
    """The versions on which the draws and the steps depend."""
    return {name: version(name) for name in ("hypothesis", "trio")}


def pinned_with() -> Mapping[str, str]:
    """The versions with which the table was made."""
    found: dict[str, str] = json.loads(TABLE.read_text(encoding="utf-8"))["made_with"]
    return found


def write(rows: Mapping[str, Pin]) -> None:
    """Write the table, a line a defect."""
    lines = (f'  "{name}": {json.dumps(asdict(pin))}' for name, pin in sorted(rows.items()))
    made_with, body = json.dumps(dict(libraries())), ",\n".join(lines)
    TABLE.write_text(f'{{"made_with": {made_with}, "defects": {{\n{body}\n}}}}\n', encoding="utf-8")


def made_anew(defect: Defect, seed: int) -> Pin:
    """The row that a hunt gives now."""
    with applied(defect):
        return pin_of(defect, seed, caught(defect, seed))
