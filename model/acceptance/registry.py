"""Ties invariants and machines to criteria, and accounts for which criteria a run really exercised.

A criterion is *tied* when an invariant or a machine names it, and *exercised* when such an invariant judged
something that it could have failed on. Both are counted, because a green run in which an invariant never met
its subject proves nothing; the table has a row for every criterion, so nothing is missing from it silently.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from attrs import frozen

from model.acceptance.criteria import Criterion, UnknownCriterion, criteria, criterion

ATTRIBUTE = "__acceptance__"

Target = TypeVar("Target", bound=Callable[..., object])
Exercised = Mapping[str, Mapping[str, int]]


def acceptance(first: str, *more: str) -> Callable[[Target], Target]:
    """Tie a function or a class to criteria: `@acceptance("S0-AC3-1", "S0-AC3-2")`.

    The ids stand, in order and once each, in the attribute `__acceptance__` of what is decorated; decorators
    stack, and a subclass keeps the ids of its base. Raises UnknownCriterion at once, so a wrong id is an
    error of the import and not of a report nobody reads.
    """
    ids = tuple(criterion(named).id for named in (first, *more))

    def tie(target: Target) -> Target:
        tied = dict.fromkeys((*ids, *getattr(target, ATTRIBUTE, ())))
        setattr(target, ATTRIBUTE, tuple(tied))
        return target

    return tie


def criteria_of(target: object) -> tuple[Criterion, ...]:
    """The criteria to which a function or class is tied, in the order in which it names them."""
    return tuple(criterion(tied) for tied in getattr(target, ATTRIBUTE, ()))


@frozen
class Row:
    """One criterion in the table: the invariants tied to it and how often each was exercised."""

    id: str
    invariants: tuple[str, ...]
    exercised: int

    @property
    def status(self) -> str:
        """`exercised n`, `tied, never exercised` or `not yet checked`."""
        if self.exercised:
            return f"exercised {self.exercised}"
        return "tied, never exercised" if self.invariants else "not yet checked"


def table(exercised: Exercised) -> tuple[Row, ...]:
    """A row for each of the criteria, in their order.

    `exercised` maps criterion id -> invariant name -> how often that invariant judged something real; an
    invariant that is tied and never did is present with 0. Raises UnknownCriterion for an id that no
    criterion has, ValueError for a negative count.
    """
    for criterion_id, counts in exercised.items():
        if criterion_id not in criteria():
            raise UnknownCriterion(criterion_id)
        if any(count < 0 for count in counts.values()):
            raise ValueError(f"{criterion_id}: a negative count of exercises: {counts}")
    return tuple(_row(each, exercised.get(each, {})) for each in criteria())


def _row(criterion_id: str, counts: Mapping[str, int]) -> Row:
    return Row(criterion_id, tuple(sorted(counts)), sum(counts.values()))


def never_exercised(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows that something is tied to and nothing exercised: a full run with such a row has failed."""
    return tuple(row for row in rows if row.invariants and not row.exercised)


def merged(parts: Iterable[Exercised]) -> dict[str, dict[str, int]]:
    """The counts of several runs or worker processes added up; ids and names come out sorted."""
    total: dict[str, dict[str, int]] = {}
    for part in parts:
        for criterion_id, counts in part.items():
            into = total.setdefault(criterion_id, {})
            for name, count in counts.items():
                into[name] = into.get(name, 0) + count
    return {each: dict(sorted(counts.items())) for each, counts in sorted(total.items())}
