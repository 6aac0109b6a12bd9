"""Splits a history into parts that touch different state, so that each is judged by itself.

Linearizability is *local* (Herlihy and Wing, "Linearizability: a correctness condition for concurrent
objects", 1990, theorem 1): a history is linearizable if and only if its restriction to each object is. Horn
and Kroening ("Faster linearizability checking via P-compositionality", 2015) turn that into speed, since the
cost is exponential in the length of each part, not in their sum.

An *object* here is a set of keys that no call connects with any other. Two calls are in one part when they
share a key, or when the initial state ties a key of one to a key of the other (`links`): an entity deleted by
its id frees the name that it had, so whoever takes that name must be judged together with the delete. Keys
that get tied later get so by a call of the history, which mentions both. So each call reads and writes the
state of its own part only, the whole state is the product of those of the parts, and locality applies. A call
that may touch everything (`keys` is None) leaves one part.

The orders of the parts are merged into one by always taking, among their next calls, the one invoked first.
That never contradicts time: if some remaining call r of another part had been answered before the one taken
was invoked, the next call of r's part was invoked no later than r's answer, so before the one taken.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from model.history import History
from model.specification.interface import Keys, Specification


def parts(history: History, specification: Specification[Any], initial: Hashable) -> list[list[int]]:
    """Indices of the history by independent part, each ascending, the parts by their first call."""
    touched = [specification.keys(call.operation) for call in history]
    if any(keys is None for keys in touched):
        return [list(range(len(history)))]
    parents: dict[Hashable, Hashable] = {}
    for keys in [*specification.links(initial), *touched]:
        _join(parents, keys or ())
    grouped: dict[Hashable, list[int]] = {}
    for index, keys in enumerate(touched):
        # A call that touches nothing is a part of its own; no key is equal to a fresh object.
        root = _root(parents, next(iter(keys))) if keys else object()
        grouped.setdefault(root, []).append(index)
    return list(grouped.values())


def _join(parents: dict[Hashable, Hashable], keys: Keys | Iterable[Hashable]) -> None:
    # Which key becomes the root depends on the order of hashes; who shares a root does not.
    roots = [_root(parents, key) for key in keys]
    for root in roots[1:]:
        parents[root] = roots[0]


def _root(parents: dict[Hashable, Hashable], key: Hashable) -> Hashable:
    parent = parents.setdefault(key, key)
    while parent != parents[parent]:
        parents[key] = parent = parents[parent]
    return parent


def merge(history: History, orders: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """One order of all the calls that keeps the order of each part and contradicts no time."""
    rest = [list(reversed(order)) for order in orders if order]
    merged = []
    while rest:
        chosen = min(rest, key=lambda order: (history[order[-1]].invoked, order[-1]))
        merged.append(chosen.pop())
        if not chosen:
            rest.remove(chosen)
    return tuple(merged)
