"""Finds the shortest cycles of a sort in the graph of transactions.

First everything that is in no cycle is peeled off: a node without predecessors is in none, nor is one whose
predecessors have all gone, and the same from the other end. Of a history that is serializable nothing is
left, after one look at each edge. What is left falls into strongly connected components (Tarjan, 1972); every
cycle lies within one.

A *sort* of cycle is described by a walk that may only take certain steps: a first edge for a certain reason,
and then the shortest way back, breadth first, through nodes (transaction, what the last edge was). The search
from each first edge stops at the length of the best cycle so far, so that after the first short one the
others cost little. Steps between instants cost nothing: a whole way through instants is one step in real
time.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from attrs import define, field, frozen

from model.judges.isolation.graph import Edge, Graph

_VISITS_MAX: Final = 3_000_000

Link: TypeAlias = tuple[int, int, int]
"""The first comes before the second for this reason."""
Cycle: TypeAlias = tuple[Link, ...]


def in_cycles(graph: Graph) -> list[list[int]]:
    """The strongly connected components of more than one node, each ascending."""
    after = graph.after
    left = _peeled(after)
    return [component for component in _components(after, left) if len(component) > 1]


def _peeled(after: Sequence[dict[int, int]]) -> set[int]:
    """The nodes that are left when sources and then sinks are taken away until there are none."""
    incoming = [0] * len(after)
    for nexts in after:
        for node in nexts:
            incoming[node] += 1
    sources = [node for node, count in enumerate(incoming) if not count]
    gone = 0
    while gone < len(sources):
        for node in after[sources[gone]]:
            incoming[node] -= 1
            if not incoming[node]:
                sources.append(node)
        gone += 1
    if gone == len(after):
        return set()
    return set(range(len(after))).difference(sources)


def _components(after: Sequence[dict[int, int]], nodes: set[int]) -> Iterator[list[int]]:
    """Tarjan's algorithm without recursion, on part of a graph."""
    found: dict[int, int] = {}
    lowest: dict[int, int] = {}
    open_nodes: list[int] = []
    is_open: set[int] = set()
    for root in sorted(nodes):
        if root in found:
            continue
        work = [(root, iter([node for node in after[root] if node in nodes]))]
        found[root] = lowest[root] = len(found)
        open_nodes.append(root)
        is_open.add(root)
        while work:
            node, nexts = work[-1]
            for other in nexts:
                if other not in found:
                    found[other] = lowest[other] = len(found)
                    open_nodes.append(other)
                    is_open.add(other)
                    work.append((other, iter([each for each in after[other] if each in nodes])))
                    break
                if other in is_open:
                    lowest[node] = min(lowest[node], found[other])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == found[node]:
                    yield _closed(node, open_nodes, is_open)


def _closed(root: int, open_nodes: list[int], is_open: set[int]) -> list[int]:
    component = []
    while True:
        node = open_nodes.pop()
        is_open.discard(node)
        component.append(node)
        if node == root:
            return sorted(component)


@frozen
class Sort:
    """A sort of cycle: its first edge for one of the reasons `first`, the others for one of `rest`.

    `pair`: the second edge is like the first. `apart`: no two edges of `first` stand side by side.
    """

    name: str
    first: int
    rest: int
    pair: bool = False
    apart: bool = False


_EVERY_REASON: Final = sum(Edge)
_ANYTHING: Final = Sort("cycle", _EVERY_REASON, _EVERY_REASON)


@define(eq=False)
class CycleSearch:
    """Looks for shortest cycles; `visits_left` bounds the work in nodes looked at, over all searches.

    Once it is used up the best cycle found so far counts as the shortest.
    """

    graph: Graph
    components: list[list[int]]
    visits_left: int = _VISITS_MAX
    _component: dict[int, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._component = {node: at for at, nodes in enumerate(self.components) for node in nodes}

    def shortest(self, sort: Sort) -> Cycle | None:
        """The shortest cycle of a sort, the first found of several; None if there is none."""
        best: Cycle | None = None
        for nodes in self.components:
            for node in nodes:
                for cycle in self._from(node, sort, best):
                    best = cycle
                    if len(best) == 2:  # noqa: PLR2004 - nothing comes both before and after itself
                        return best
        return best

    def through(self, node: int) -> Cycle:
        """A shortest cycle of any sort through this node of a component."""
        found = self._way(node, node, _ANYTHING, len(self._component), -1)
        assert found is not None, "a component of several nodes has a cycle through each of them"
        return tuple(found)

    def _from(self, node: int, sort: Sort, best: Cycle | None) -> Iterator[Cycle]:
        """Ever shorter cycles that begin with an edge of the sort's from this node."""
        length = len(best) if best else len(self._component) + 1
        for begun in self._beginnings(node, sort):
            end = begun[-1][1]
            avoided = begun[0][1] if sort.pair else -1
            rest = [] if end == node else self._way(end, node, sort, length - len(begun) - 1, avoided)
            if rest is not None and len(begun) + len(rest) < length:
                length = len(begun) + len(rest)
                yield (*begun, *rest)

    def _beginnings(self, node: int, sort: Sort) -> Iterator[Cycle]:
        for second, why in self._inside(node):
            if not why & sort.first:
                continue
            begun = (node, second, why & sort.first)
            if sort.pair:
                for third, reason in self._inside(second):
                    if reason & sort.first:
                        yield begun, (second, third, reason & sort.first)
            else:
                yield (begun,)

    def _inside(self, node: int) -> list[tuple[int, int]]:
        of, component = self._component, self._component[node]
        return [(other, why) for other, why in self.graph.after[node].items() if of.get(other) == component]

    def _way(self, start: int, goal: int, sort: Sort, longest: int, avoided: int) -> list[Link] | None:
        """The shortest way, of at most `longest` steps; None if there is none or the visits are used up."""
        origins: dict[tuple[int, bool], tuple[int, bool, int]] = {}
        queue = deque([(0, start, sort.apart)])
        seen = {(start, sort.apart)}
        while queue and self.visits_left > 0:
            steps, node, is_blocked = queue.popleft()
            self.visits_left -= 1
            for other, why in self._inside(node):
                reason, blocks = _passing(why, sort, is_blocked=is_blocked)
                costs = other < self.graph.transactions
                if not reason or other == avoided or steps + costs > longest:
                    continue
                if other == goal and not blocks:
                    return self._traced(origins, (node, is_blocked), (node, goal, reason))
                if other == goal or (other, blocks) in seen:
                    continue
                seen.add((other, blocks))
                origins[other, blocks] = (node, is_blocked, reason)
                (queue.append if costs else queue.appendleft)((steps + costs, other, blocks))
        return None

    def _traced(
        self, origins: dict[tuple[int, bool], tuple[int, bool, int]], end: tuple[int, bool], last: Link
    ) -> list[Link]:
        """The way that led to the last link; ways through instants become one step."""
        links = [last]
        while end in origins:
            node, was_blocked, reason = origins[end]
            first, second, why = links[-1]
            if first >= self.graph.transactions:
                links[-1] = (node, second, why)
            else:
                links.append((node, end[0], reason))
            end = (node, was_blocked)
        return links[::-1]


def _passing(why: int, sort: Sort, *, is_blocked: bool) -> tuple[int, bool]:
    """The reason for which an edge may be taken, 0 if for none, and whether it blocks the next."""
    if not sort.apart:
        return why & sort.rest, False
    plain = why & sort.rest & ~sort.first
    if plain or is_blocked:
        return plain, False
    return why & sort.rest, True
