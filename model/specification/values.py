"""JSON values in a form that can be hashed, compared strictly and printed as Python.

Python says True == 1 == 1.0, and hashes them alike. A model that used plain values would accept `openness:
true` where 1 was stored, and a memo would answer for one request what it remembers of another. A `Record`
therefore compares the types of its values too. The other ways to tell them apart were wrapping every
boolean, which makes each operation unreadable, and comparing encoded text, which costs an encoding each time
and prints as a string.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from operator import itemgetter
from typing import TypeAlias, Union, final

from attrs import field, frozen

# Union, because a recursive alias names Record before it exists and `|` cannot join a string to a type.
Json: TypeAlias = Union[bool, int, float, str, tuple["Json", ...], "Record", None]
Kind: TypeAlias = type | tuple["Kind", ...]


class NotJsonError(TypeError):
    """A value that JSON cannot carry: the message names it."""


def freeze(value: object) -> Json:
    """A JSON value made immutable: a list becomes a tuple, an object a Record.

    Raises NotJsonError for whatever JSON cannot carry, NaN and the infinities included.
    """
    if value is None or isinstance(value, Record):
        return value
    kind = type(value)
    if kind is bool or kind is int or kind is str:
        return value  # type: ignore[return-value] # the exact type was just compared, which mypy cannot follow
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    if isinstance(value, Mapping):
        return Record(value)
    raise NotJsonError(f"not a JSON value: {value!r}")


def plain(value: Json) -> object:
    """The value as the json module would give it: fresh lists and dicts, which the receiver may change."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Record):
        return value.as_dict()
    return value


def kind_of(value: Json) -> Kind:
    """The type of a frozen value, and of what is inside a list."""
    return tuple(map(kind_of, value)) if isinstance(value, tuple) else type(value)


def strict(value: Json) -> tuple[Kind, Json]:
    """A key that is equal only for values of equal types: the `eq` of an attrs field that holds JSON."""
    return kind_of(value), value


Pairs = Mapping[str, object] | Iterable[tuple[str, object]]


def _frozen_pairs(given: "Pairs | Record") -> tuple[tuple[str, Json], ...]:
    if isinstance(given, Record):
        return given.pairs
    pairs = given.items() if isinstance(given, Mapping) else given
    frozen_pairs = sorted(((_name(name), freeze(value)) for name, value in pairs), key=itemgetter(0))
    if len(dict(frozen_pairs)) < len(frozen_pairs):
        frozen_pairs.sort(key=lambda pair: (pair[0], repr(pair[1])))
    return tuple(frozen_pairs)


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise NotJsonError(f"not the name of a JSON field: {name!r}")
    return name


@final
@frozen(repr=False, cache_hash=True)
class Record:
    """Named values, sorted by name; made from a mapping or from pairs, and iterated as pairs.

    A name may occur twice when it was given as pairs, so that an answer that names a field twice is not
    mistaken for one that names it once. `repr` is a dict literal, or pairs where a name occurs twice.
    """

    pairs: tuple[tuple[str, Json], ...] = field(converter=_frozen_pairs)
    _kinds: tuple[Kind, ...] = field(init=False)

    @_kinds.default
    def _kinds_of_values(self) -> tuple[Kind, ...]:
        return tuple(kind_of(value) for _, value in self.pairs)

    def __iter__(self) -> Iterator[tuple[str, Json]]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __contains__(self, name: object) -> bool:
        return any(name == present for present, _ in self.pairs)

    def get(self, name: str) -> Json:
        """The value of that name, None where there is none; the last one of a name that occurs twice."""
        return dict(self.pairs).get(name)

    def as_dict(self) -> dict[str, object]:
        """A fresh dict of plain values, as the json module would give it."""
        return {name: plain(value) for name, value in self.pairs}

    def __repr__(self) -> str:
        by_name = dict(self.pairs)
        return repr(by_name) if len(by_name) == len(self.pairs) else repr(self.pairs)
