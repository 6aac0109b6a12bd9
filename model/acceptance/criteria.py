"""The acceptance criteria, read once from the data file beside this module."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from attrs import frozen

Tier = Literal["core", "secondary"]
Kind = Literal["functional", "consistency", "fault", "performance", "security", "tooling"]


class UnknownCriterion(LookupError):  # noqa: N818 - the word that users of `@acceptance` look for
    """No criterion has this id; the message names the id and the ids that look like it."""

    def __init__(self, criterion_id: str) -> None:
        self.criterion_id = criterion_id
        self.close = tuple(get_close_matches(criterion_id.upper(), criteria(), n=3))
        hint = f"; did you mean {' or '.join(self.close)}?" if self.close else ""
        super().__init__(f"no acceptance criterion is called {criterion_id!r}{hint}")


@frozen
class Criterion:
    """One row of the requirements: what was asked, how it is checked, and a defect that would violate it.

    `quote` is the requirement in its author's words, `invariant` the property a machine can check, `mutant`
    a defect that violates it. `decided` marks a row that fixes a number or a policy which the requirement
    leaves open. A `secondary` row restates a core row for another part, or concerns the suite itself.
    """

    id: str
    tier: Tier
    decided: bool
    quote: str
    kind: Kind
    invariant: str
    mutant: str


@cache
def criteria() -> Mapping[str, Criterion]:
    """Every criterion by id, in the order of the requirements; the file is read at the first call only."""
    text = files(__package__).joinpath("criteria.json").read_text(encoding="utf-8")
    rows = [Criterion(**row) for row in json.loads(text)]
    by_id = {row.id: row for row in rows}
    assert len(by_id) == len(rows), "two criteria share an id"
    return MappingProxyType(by_id)


def criterion(criterion_id: str) -> Criterion:
    """The criterion of that id; raises UnknownCriterion, which names the ids that look like it."""
    found = criteria().get(criterion_id)
    if found is None:
        raise UnknownCriterion(criterion_id)
    return found
