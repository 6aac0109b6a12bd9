"""All seeded defects, found in the modules of this package, by their names."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache

from tests import defects
from tests.defects.defect import Defect, defect_of


class UnknownDefectError(ValueError):
    """A defect was asked for by a name that none has."""


@cache
def catalogue() -> Mapping[str, Defect]:
    """The defects by their names, in alphabetical order; raises `ValueError` where two share a name."""
    found: dict[str, Defect] = {}
    for each in _marked():
        if each.name in found:
            raise ValueError(f"two defects are called {each.name}")
        found[each.name] = each
    return dict(sorted(found.items()))


def _marked() -> Iterator[Defect]:
    for info in pkgutil.iter_modules(defects.__path__, f"{defects.__name__}."):
        if info.name.rpartition(".")[2].startswith("test_"):
            continue
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            marked = defect_of(value)
            if marked is not None and value.__module__ == module.__name__:
                yield marked


def defect_named(name: str) -> Defect:
    """The defect of that name; raises `UnknownDefectError`, which names the nearest and all there are."""
    known = catalogue()
    if name in known:
        return known[name]
    nearest = get_close_matches(name, known)
    guess = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
    raise UnknownDefectError(f"no defect is called {name!r}.{guess} There are: {', '.join(known)}")
