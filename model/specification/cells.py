"""Named values that can be hashed, compared and changed one at a time: the state of most small services."""

from collections.abc import Hashable, Iterator, Mapping
from typing import final


@final
class Cells(Mapping[Hashable, Hashable]):
    """An immutable mapping; `with_` makes another one that differs in one place.

    Its hash does not depend on the order in which the cells were filled, and is computed once.
    """

    __slots__ = ("_hash", "_values")

    def __init__(self, values: Mapping[Hashable, Hashable] | None = None) -> None:
        self._values = dict(values or {})
        self._hash: int | None = None

    def __getitem__(self, key: Hashable) -> Hashable:
        return self._values[key]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cells) and self._values == other._values

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._values.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"Cells({self._values!r})"

    def with_(self, key: Hashable, value: Hashable) -> "Cells":
        """These cells, but for one."""
        made = Cells.__new__(Cells)
        made._values = {**self._values, key: value}  # noqa: SLF001 - of the same class
        made._hash = None  # noqa: SLF001 - of the same class
        return made
