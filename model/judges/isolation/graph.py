"""The graph of what has to come before what, among transactions (Adya, "Weak consistency", 1999).

An edge from T to U says that T comes before U because U overwrote what T wrote (`ww`), read what T wrote
(`wr`), or overwrote what T read (`rw`); because T came first in their session (`session`); or because T had
ended before U began (`real time`). There are up to n^2 pairs of the last sort, so they are drawn through
*instants*: each end of a transaction is a node, from which one edge leads to the next end and one to each
transaction that begins between the two. Where a way leads through instants, it is one step in real time.

A version order that is partly unknown (`orders.KeyOrder`) still gives edges: if v is known to come before w,
the writer of v comes before that of w, and whoever read v before the writer of w.
"""

from collections.abc import Hashable, Iterable, Sequence
from enum import IntFlag

from attrs import define, field

from model.judges.isolation.history import Transactions
from model.judges.isolation.orders import Interpretation, KeyOrder


class Edge(IntFlag):
    """Why one transaction comes before another."""

    WW = 1
    WR = 2
    RW = 4
    SESSION = 8
    REAL_TIME = 16


_WW, _WR, _RW = int(Edge.WW), int(Edge.WR), int(Edge.RW)


@define(eq=False)
class Graph:
    """`after[node]` maps each next node to the reasons, an `Edge` as a number.

    Nodes below `transactions` are transactions by their index, the others instants.
    """

    transactions: int
    after: list[dict[int, int]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.after = [{} for _ in range(self.transactions)]

    def add(self, first: int, second: int, reason: int) -> None:
        """One more reason why the first comes before the second."""
        if first != second:
            reasons = self.after[first]
            reasons[second] = reasons.get(second, 0) | reason

    def without(self, reasons: int) -> "Graph":
        """The graph without edges for these reasons."""
        kept = ~reasons
        made = Graph(0)
        made.transactions = self.transactions
        made.after = [{node: why & kept for node, why in nexts.items() if why & kept} for nexts in self.after]
        return made


def graph_of(interpretation: Interpretation) -> Graph:
    """The edges that follow from versions."""
    graph = Graph(len(interpretation.history))
    following: dict[Hashable, dict[Hashable, list[int]]] = {}
    for key, order in interpretation.orders.items():
        following[key] = _add_writes(graph, order)
    after, nobody = graph.after, ()
    for reader, key, version, writer in interpretation.seen:
        if writer is not None:
            reasons = after[writer]
            reasons[reader] = reasons.get(reader, 0) | _WR
        for overwriter in following[key].get(version, nobody):
            if overwriter != reader:
                reasons = after[reader]
                reasons[overwriter] = reasons.get(overwriter, 0) | _RW
    return graph


def _add_writes(graph: Graph, order: KeyOrder) -> dict[Hashable, list[int]]:
    """Add the `ww` edges of a key; gives for each version who made those that are known to follow."""
    following: dict[Hashable, list[int]] = {}
    writers, add = order.writers, graph.add
    chain = iter(order.chain)
    earlier = next(chain, None)
    first = writers.get(earlier)
    for later in chain:
        second = writers.get(later)
        following[earlier] = [] if second is None else [second]
        if first is not None and second is not None:
            add(first, second, _WW)
        earlier, first = later, second
    for earlier, later in order.pairs:
        first, second = writers.get(earlier), writers.get(later)
        if second is not None:
            following.setdefault(earlier, []).append(second)
            if first is not None:
                add(first, second, _WW)
    return following


def add_sessions(graph: Graph, history: Transactions, committed: Iterable[int]) -> None:
    """Each transaction comes before the next of its session; None is no session."""
    latest: dict[Hashable, int] = {}
    for index in committed:
        session = history[index].session
        if session is None:
            continue
        if session in latest:
            graph.add(latest[session], index, Edge.SESSION)
        latest[session] = index


def add_real_time(graph: Graph, history: Transactions, committed: Sequence[int]) -> None:
    """Each transaction comes before all that begin after its end."""
    ended = [
        (returned, index)
        for index in committed
        if (returned := history[index].returned) is not None and history[index].status == "ok"
    ]
    ended.sort()
    began = [(invoked, index) for index in committed if (invoked := history[index].invoked) is not None]
    began.sort()
    place = 0
    instant = -1
    for invoked, index in began:
        while place < len(ended) and ended[place][0] < invoked:
            graph.after.append({})
            if instant >= 0:
                graph.after[instant][len(graph.after) - 1] = int(Edge.REAL_TIME)
            instant = len(graph.after) - 1
            graph.add(ended[place][1], instant, Edge.REAL_TIME)
            place += 1
        if instant >= 0:
            graph.add(instant, index, Edge.REAL_TIME)
