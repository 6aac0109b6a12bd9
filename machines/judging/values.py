"""JSON values from outside in a form that the model can keep: immutable, hashable, and as strict as JSON is.

Python takes true for 1; the model would take a read of true for a read of 1. So a boolean becomes a `Flag`.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any, NoReturn, final

from attrs import frozen


@final
@frozen(repr=False)
class Flag:
    """A boolean, unequal to any number."""

    value: bool

    def __repr__(self) -> str:
        return "true" if self.value else "false"


@final
@frozen(repr=False)
class Fields:
    """An object with named values."""

    pairs: tuple[tuple[str, Hashable], ...]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}: {value!r}" for name, value in self.pairs)
        return f"{{{inside}}}"


def kept(value: Any) -> Hashable:
    """A value as `json.loads` gives it, made immutable: lists become tuples, objects `Fields`."""
    if isinstance(value, bool):
        return Flag(value)
    if isinstance(value, list):
        return tuple(kept(item) for item in value)
    if isinstance(value, Mapping):
        return Fields(tuple(sorted((name, kept(item)) for name, item in value.items())))
    whole: Hashable = value
    return whole


def parsed(text: str) -> Any:
    """The JSON value in a line; raises ValueError, also for the constants that are not JSON."""
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
