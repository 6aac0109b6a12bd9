"""Judges a history of transactions by an isolation level.

The history satisfies the level if the graph of what has to come before what has no cycle of a sort that the
level forbids, and nothing was read that could not have been. Whether there is such a cycle is decided by
components, in linear time; only then are cycles looked for, the shortest of each sort.

Where the order of some versions is not known the graph has only the edges that hold for every order. A cycle
in it is a violation. If there is none, one order is tried: that in which a topological order of the graph
puts the writers, and where there are few orders every one. If the graph of one has no forbidden cycle either,
the history satisfies the level; otherwise the verdict is unknown, for to find an order is NP-complete
(Papadimitriou, 1979), and that none of the few will do would be a violation that no cycle shows.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import permutations, product
from math import factorial, prod
from typing import Final

from attrs import evolve, field, frozen

from model.judges.isolation.anomalies import Anomaly, anomaly_of, anomaly_of_flaw
from model.judges.isolation.cycles import CycleSearch, Link, in_cycles
from model.judges.isolation.graph import Edge, Graph, add_real_time, add_sessions, graph_of
from model.judges.isolation.history import Transactions
from model.judges.isolation.levels import LEVELS, REAL_TIME, SESSION, Level
from model.judges.isolation.orders import Interpretation, KeyOrder, Orders, interpreted
from model.judges.verdict import Verdict

_ORDERS_MAX: Final = 500


class UnknownLevelError(LookupError):
    """No isolation level has this name; the message names those that there are."""


@frozen
class IsolationVerdict(Verdict):
    """The verdict on a history of transactions; exercised: the transactions that count.

    `anomalies` has at most one of each sort, with the shortest cycle, the worst sort first.
    """

    anomalies: tuple[Anomaly, ...] = field(default=())


def judge_transactions(
    history: Transactions, level: str = "serializable", orders: Orders = "numbers"
) -> IsolationVerdict:
    """The verdict; raises UnknownLevelError and MalformedTransactionsError.

    Strict serializability of a history without times is unknown at best.
    """
    if level not in LEVELS:
        raise UnknownLevelError(f"no isolation level is called {level!r}; there are {', '.join(LEVELS)}")
    asked = LEVELS[level]
    done = interpreted(history, orders)
    flaws = [anomaly_of_flaw(flaw) for flaw in done.flaws]
    found = _one_of_each([*flaws, *_cycles(done, asked)])
    exercised = len(done.committed)
    if not found and not done.is_total:
        trial = _tried(done, asked)
        if trial is None:
            return IsolationVerdict(
                "unknown", _uncertain(done, "is not known, and none that was tried is a proof"), exercised
            )
        found = list(trial)
    if found:
        explanation = "\n".join(anomaly.text for anomaly in found)
        return IsolationVerdict("violated", explanation, exercised, tuple(found))
    doubt = _timeless(done) if asked.extra & REAL_TIME else ""
    return IsolationVerdict("unknown" if doubt else "holds", doubt, exercised)


def _one_of_each(anomalies: list[Anomaly]) -> list[Anomaly]:
    first: dict[str, Anomaly] = {}
    for anomaly in anomalies:
        first.setdefault(anomaly.name, anomaly)
    return list(first.values())


def _graph(done: Interpretation, level: Level) -> Graph:
    graph = graph_of(done)
    if level.extra & SESSION:
        add_sessions(graph, done.history, done.committed)
    if level.extra & REAL_TIME:
        add_real_time(graph, done.history, done.committed)
    return graph


def _cycles(done: Interpretation, level: Level) -> list[Anomaly]:
    """The shortest forbidden cycle of each sort; empty if and only if there is none at all."""
    graph = _graph(done, level)
    if not _is_forbidden(graph, level):
        return []
    if level.ignores_rw:
        graph = graph.without(Edge.RW)
    search = CycleSearch(graph, in_cycles(graph))
    found: list[Anomaly] = []
    for sort in level.forbidden:
        if sort.apart and found and found[-1].name.startswith("G-single"):
            continue  # with one such edge none are adjacent either, and the worse name is the better one
        cycle = search.shortest(sort)
        if cycle is None and level.extra:
            cycle = search.shortest(evolve(sort, rest=sort.rest | level.extra))
        if cycle is not None:
            found.append(anomaly_of(done, sort.name, cycle))
    return found or [_some_cycle(done, graph, level)]


def _some_cycle(done: Interpretation, graph: Graph, level: Level) -> Anomaly:
    """Any cycle of those that are forbidden: the search for the shortest was given up before it met one."""
    judged = _doubled(graph) if level.allows_adjacent else graph
    size, instants = len(graph.after), graph.transactions
    judged.transactions = len(judged.after)
    component = in_cycles(judged)[0]
    start = next(node for node in component if node % size < instants)
    cycle = CycleSearch(judged, [component]).through(start)
    links: list[Link] = []
    for first, second, why in cycle:
        if first % size < instants:
            links.append((first % size, second % size, why))
        else:
            links[-1] = (links[-1][0], second % size, why)
    return anomaly_of(done, "cycle", tuple(links))


def _is_forbidden(graph: Graph, level: Level) -> bool:
    if level.ignores_rw:
        graph = graph.without(Edge.RW)
    if not in_cycles(graph):
        return False
    return bool(in_cycles(_doubled(graph))) if level.allows_adjacent else True


def _doubled(graph: Graph) -> Graph:
    """Each node twice, the second time as reached by an `rw` edge, from which no other such edge leads on.

    It has a cycle if and only if the graph has one in which no two `rw` edges follow each other.
    """
    size, rw = len(graph.after), int(Edge.RW)
    made = Graph(2 * size)
    for node, nexts in enumerate(graph.after):
        for other, why in nexts.items():
            if why & ~rw:
                made.after[node][other] = made.after[node + size][other] = why & ~rw
            if why & rw:
                made.after[node][other + size] = rw
    return made


def _timeless(done: Interpretation) -> str:
    """What is missing to judge real time; empty if nothing is."""
    without = [done.history[index].name for index in done.committed if done.history[index].invoked is None]
    return (
        f"{len(without)} transactions, {without[0]} among them, carry no times to judge real time by"
        if without
        else ""
    )


def _uncertain(done: Interpretation, what: str) -> str:
    keys = [str(key) for key, order in done.orders.items() if len(order.loose) > 1]
    return f"the order of the versions of {', '.join(keys[:5])} {what}"


def _tried(done: Interpretation, level: Level) -> tuple[Anomaly, ...] | None:
    """Empty if some order of the versions has no forbidden cycle, what is wrong if none has, else None."""
    for likely in _likely(done, level):
        if not _is_forbidden(_graph(likely, level), level):
            return ()
    every = list(_every(done))
    if any(not _is_forbidden(_graph(each, level), level) for each in every):
        return ()
    if not every:
        return None
    example = _cycles(every[0], level)[0]
    why = _uncertain(done, "does not matter, each leads to a cycle; for example")
    text = f"no version order: {why}\n{example.text}"
    return (evolve(example, name="no version order", text=text),)


def _every(done: Interpretation) -> Iterator[Interpretation]:
    """All orders, if they are few."""
    uncertain = {key: order for key, order in done.orders.items() if len(order.loose) > 1}
    if prod(factorial(len(order.loose)) for order in uncertain.values()) > _ORDERS_MAX:
        return
    for loose in product(*(permutations(order.loose) for order in uncertain.values())):
        yield _with_orders(done, dict(zip(uncertain, loose, strict=True)))


def _likely(done: Interpretation, level: Level) -> Iterator[Interpretation]:
    """The orders of the writers in a topological order of what is known, with and without `rw` edges."""
    graph = _graph(done, level)
    for ignored in (0, int(Edge.RW)):
        known = graph.without(ignored)
        place = {node: at for at, node in enumerate(_topological(known))}
        if len(place) < len(known.after):
            continue
        loose = {
            key: sorted(order.loose, key=lambda version, writers=order.writers: place[writers[version]])  # type: ignore[misc] # binds the writers now
            for key, order in done.orders.items()
        }
        yield _with_orders(done, loose)


def _with_orders(done: Interpretation, loose: Mapping[Hashable, Sequence[Hashable]]) -> Interpretation:
    orders = {
        key: KeyOrder([*order.chain, *loose.get(key, order.loose)], [], order.pairs, order.writers)
        for key, order in done.orders.items()
    }
    return evolve(done, orders=orders)


def _topological(graph: Graph) -> list[int]:
    """The nodes of a graph without cycles in an order that keeps its edges, the smallest first."""
    incoming = [0] * len(graph.after)
    for nexts in graph.after:
        for node in nexts:
            incoming[node] += 1
    ready = [node for node, count in enumerate(incoming) if not count]
    heapify(ready)
    order = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for other in graph.after[node]:
            incoming[other] -= 1
            if not incoming[other]:
                heappush(ready, other)
    return order
