"""The terminal summary of a run: what was executed, how completely, with which faults and criteria."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import frozen
from rich.console import Group
from rich.table import Table
from rich.text import Text

from machines.run_record import RunRecord
from machines.tally import Tally
from model.acceptance.registry import Row, never_exercised, table

_LABEL = 13
_HEADINGS = ("criterion", "status", "invariants")


@frozen
class Complaint:
    """Why a full run that found no violation still proves less than it should."""

    machine: str
    text: str

    def __str__(self) -> str:
        return f"{self.machine}: {self.text}"


def complaints(machine: str, tally: Tally, fault_kinds: Iterable[str]) -> list[Complaint]:
    """What a full run of one machine did not meet: concurrency, a kind of fault, a criterion of its own."""
    found = []
    if not tally.bursts_contended:
        found.append("no burst had two clients at work at the same time")
    if not any(count for times, count in tally.preemptions.items() if times != "0"):
        found.append("no execution had a preemption")
    found += [f"no {kind} happened" for kind in fault_kinds if not tally.faults.get(kind)]
    found += [
        f"{row.id} is tied to {', '.join(row.invariants)}, and was never exercised"
        for row in never_exercised(table(tally.exercised))
    ]
    return [Complaint(machine, text) for text in found]


def described(record: RunRecord) -> str:
    """Which run it is."""
    return f"profile {record.profile}, seed {record.seed}"


def lines(record: RunRecord) -> list[str]:
    """The summary of a run: a line a subject. All but the rate is the same for equal runs."""
    tally = record.total
    again = " ".join(["pytest machines", *record.arguments])
    return [
        _line("run", f"{described(record)}; to repeat it: {again}"),
        _line("programs", f"{tally.programs:,}: {_times(tally.calls, 'single call')}, {_bursts(tally)}"),
        _line("bursts", _explored(tally)),
        _line("executions", f"{tally.executions:,}, with {_times(tally.steps, 'step')}{_rate(tally)}"),
        _line("", f"{_times(tally.rechecks, 'repetition')}, compared step for step"),
        _line("preemptions", _preemptions(tally.preemptions)),
        _line("faults", _by_name(tally.faults)),
        _line("unknown", f"{_times(tally.unknown, 'execution')} on which a judge gave up"),
        _line("criteria", totals(table(tally.exercised))),
    ]


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}{text}"


def _bursts(tally: Tally) -> str:
    outcomes = _times(tally.outcomes, "distinct outcome")
    return f"{_times(tally.bursts, 'burst')} of clients at the same time, with {outcomes}"


def _explored(tally: Tally) -> str:
    """How completely: by the claims of the certificates, the strongest first."""
    if not tally.bursts:
        return "none"
    share = f"{100 * tally.bursts_complete / tally.bursts:.0f} % explored completely"
    claims = [
        f"{count:,} {claim.removeprefix('complete ')}"
        for claim, count in sorted(tally.certificates.items(), key=_strength)
    ]
    return f"{share}: {', '.join(claims)}"


def _strength(item: tuple[str, int]) -> tuple[int, int]:
    claim, _ = item
    if claim == "complete":
        return 0, 0
    number = next((int(word) for word in claim.split() if word.isdigit()), None)
    return (2, 0) if number is None else (1, -number)


def _rate(tally: Tally) -> str:
    return f", {tally.executions / tally.seconds:,.0f} a second in each process" if tally.seconds else ""


def _preemptions(counts: Mapping[str, int]) -> str:
    """Executions by their number of preemptions."""
    if not counts:
        return "none"
    numbers = sorted(counts.items(), key=lambda item: int(item[0]))
    (fewest, first), *others = numbers
    counted = [
        f"{fewest} in {_times(first, 'execution')}",
        *(f"{times} in {count:,}" for times, count in others),
    ]
    return ", ".join(counted)


def _by_name(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())) or "none"


def _times(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# -- the acceptance table


def totals(rows: tuple[Row, ...]) -> str:
    """The table in one line."""
    exercised = sum(1 for row in rows if row.exercised)
    never = len(never_exercised(rows))
    return (
        f"{exercised} of {len(rows)} exercised, {never} tied but never exercised, "
        f"{len(rows) - exercised - never} not yet checked"
    )


def acceptance_lines(record: RunRecord) -> list[str]:
    """The acceptance table as text: every criterion, how often it was exercised, and by what."""
    rows = table(record.total.exercised)
    cells = [_HEADINGS, *(tuple(_cells(row)) for row in rows)]
    first, second = (max(len(cell[place]) for cell in cells) for place in (0, 1))
    return [
        *(
            f"{criterion:<{first}}  {status:<{second}}  {names}".rstrip()
            for criterion, status, names in cells
        ),
        f"{described(record)}: {totals(rows)}",
    ]


def acceptance_table(record: RunRecord) -> Group:
    """The same for a terminal that knows colours."""
    rows = table(record.total.exercised)
    result = Table(*_HEADINGS, box=None, pad_edge=False)
    for row in rows:
        style = "green" if row.exercised else "red" if row.invariants else "dim"
        result.add_row(*_cells(row), style=style)
    return Group(result, Text(f"{described(record)}: {totals(rows)}"))


def _cells(row: Row) -> Iterator[str]:
    yield row.id
    yield row.status
    yield ", ".join(row.invariants) or "-"
