"""What clients ask of the personality service: drafts, changes and operations in which clashes are likely.

Few names and few ids, so that clients meet; every boundary of every rule once among the invalid values. All
values are made once, and drawn by number: a draw that builds a draft of nineteen traits costs as much as an
execution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from model.specification.personality import Create, Delete, Get, GetAll, GetMany, Operation, Update
from model.specification.personality_rules import TRAITS

SECRET = "planted-secret"  # noqa: S105 - nobody's password
"""Stands in every custom instruction, and may stand nowhere else."""

_MIDDLE: Mapping[str, Any] = dict.fromkeys(TRAITS, 50)
_NAMES = ("Ada", "Bea", "Cleo")


def _draft(name: object, **fields: object) -> dict[str, object]:
    return {"name": name, **_MIDDLE, **fields}


def _without(draft: Mapping[str, object], field: str) -> dict[str, object]:
    return {name: value for name, value in draft.items() if name != field}


VALID_DRAFTS: tuple[Mapping[str, object], ...] = (
    *(_draft(name) for name in _NAMES),
    _draft("Bea", **dict.fromkeys(TRAITS, 0)),
    _draft("  <Bea>\t", **dict.fromkeys(TRAITS, 100)),
    _draft("Cleo", description="tall\n tale", customInstructions=f"say {SECRET}"),
    _draft("Di", description="", isTemplate=True),
    _draft("x" * 100, description="y" * 500, customInstructions="z" * 2000),
)
INVALID_DRAFTS: tuple[Mapping[str, object], ...] = (
    _without(_draft("Ada"), "patience"),
    _without(_draft("Ada"), "name"),
    _draft("Ada", openness=101),
    _draft("Ada", openness=-1, humor="50"),
    _draft("Ada", openness=True),
    _draft("Ada", openness=None),
    _draft("A"),
    _draft(" <> "),
    _draft("x" * 101),
    _draft(7),
    _draft("Ada", description="y" * 501),
    _draft("Ada", customInstructions=SECRET + "z" * 2000),
    _draft("Ada", isTemplate=1),
    _draft("Ada", version=3),
    _draft("Ada", id="chosen", createdAt=0),
    _draft("Ada", charm=50),
    {},
)
VALID_CHANGES: tuple[Mapping[str, object], ...] = (
    {"humor": 0},
    {"humor": 7},
    {"openness": 100, "patience": 0},
    {"name": "Ada"},
    {"name": "Bea"},
    {"name": " Cleo  "},
    {"description": "short"},
    {"description": None},
    {"customInstructions": f"keep {SECRET}"},
    {"isTemplate": True},
)
INVALID_CHANGES: tuple[Mapping[str, object], ...] = (
    {},
    {"humor": 101},
    {"humor": -1},
    {"humor": True},
    {"openness": None, "name": "A"},
    {"customInstructions": SECRET + "z" * 2000},
    {"charm": 1},
    {"createdAt": 0},
    {"version": 9, "humor": 1},
)
DRAFTS = st.sampled_from(VALID_DRAFTS * 2 + INVALID_DRAFTS)


@frozen
class Wish:
    """An operation as it is drawn, before the ids and versions that it needs are known."""

    kind: type[Operation]
    id: str = ""
    others: tuple[str, ...] = ()
    fields: Mapping[str, object] | None = None
    behind: int = 0
    context: Any = "valid"

    def operation(self, new_id: str, version: int) -> Operation:
        """The operation; `new_id` is what a create is going to get, `version` the one that the target has."""
        if self.kind is Create:
            return Create(new_id, self.fields or {}, context=self.context)
        if self.kind is Update:
            expected = version - self.behind
            return Update(self.id, expected, self.fields or {}, context=self.context)
        if self.kind is GetMany:
            return GetMany((self.id, *self.others), context=self.context)
        if self.kind is GetAll:
            return GetAll(context=self.context)
        assert self.kind in (Delete, Get)
        return self.kind(self.id, context=self.context)


def _among(kind: type[Operation], fields: tuple[Mapping[str, object], ...]) -> tuple[Wish, ...]:
    return tuple(Wish(kind, fields=each) for each in fields)


_UPDATES = _among(Update, VALID_CHANGES)
_STALE = (Wish(Update, fields={"humor": 9}, behind=1), Wish(Update, fields={"humor": 9}, behind=-1))
_DENIED = tuple(
    Wish(kind, fields={"humor": 9}, context=context)
    for kind in (Update, Delete, Get)
    for context in ("missing", "forged", "expired", "no-permission")
)
_WISHES = (
    *_UPDATES * 3,
    *(Wish(Delete),) * 12,
    *_among(Create, VALID_DRAFTS[:5]) * 4,
    *(Wish(Get),) * 12,
    *(Wish(GetMany),) * 3,
    *_STALE * 2,
    *_among(Update, INVALID_CHANGES),
    *_DENIED,
)
"""What is asked for, as often as it stands here; the earlier the simpler, for whoever reads what is left of a
failing program. One number draws the whole of a wish but its target: Hypothesis takes a step out of a program
in pieces of at most five draws."""


@st.composite
def wishes(draw: st.DrawFn, ids: st.SearchStrategy[str]) -> Wish:
    """Operations on the personalities with these ids, writes more often than reads."""
    wish = draw(st.sampled_from(_WISHES))
    if wish.kind is Create:
        return wish
    others = (draw(ids),) if wish.kind is GetMany else ()
    return evolve(wish, id=draw(ids), others=others)


def bursts(ids: st.SearchStrategy[str]) -> st.SearchStrategy[list[Wish]]:
    """Two to four operations at the same time, half of the time all about the same personality."""
    return st.one_of(
        ids.flatmap(lambda one: st.lists(wishes(st.just(one)), min_size=2, max_size=4)),
        st.lists(wishes(ids), min_size=2, max_size=4),
    )
