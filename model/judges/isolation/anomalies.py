"""Names what is wrong with a history of transactions, and tells it in words.

The names are those of Adya's phenomena as Elle uses them, G0 to G2, with `-session` or `-realtime` where the
cycle needs that order; the two that everybody knows have their own: a *lost update*, where two transactions
replaced the same version, and *write skew*, where each overwrote what the other had read.
"""

from collections.abc import Hashable, Iterator

from attrs import frozen

from model.judges.isolation.cycles import Cycle
from model.judges.isolation.graph import Edge
from model.judges.isolation.history import INITIAL, Append, Write
from model.judges.isolation.orders import Flaw, Interpretation, KeyOrder


@frozen
class Anomaly:
    """One thing that is wrong: its name, the transactions that show it by index, and why, in words.

    `cycle` is empty where no cycle is needed to show it.
    """

    name: str
    transactions: tuple[int, ...]
    text: str
    cycle: Cycle = ()


def anomaly_of_flaw(flaw: Flaw) -> Anomaly:
    """Something that was read or written and could not have been."""
    return Anomaly(flaw.name, flaw.transactions, f"{flaw.name}: {flaw.text}")


def anomaly_of(done: Interpretation, sort: str, cycle: Cycle) -> Anomaly:
    """A cycle by its name, each link with its reason."""
    links = [(first, second, _strongest(why)) for first, second, why in cycle]
    reasons = [_why(done, first, second, edge) for first, second, edge in links]
    name = sort + _suffix([edge for _, _, edge in links])
    known = _known_as([edge for _, _, edge in links], [key for key, _ in reasons])
    told = f"{name} ({known})" if known else name
    lines = [f"{told}: {len(links)} transactions each come before the next, and the last before the first:"]
    for (first, second, _), (_, reason) in zip(links, reasons, strict=True):
        lines.append(f"  {done.history[first].name} before {done.history[second].name} because {reason}")
    return Anomaly(name, tuple(first for first, _, _ in links), "\n".join(lines), cycle)


def _strongest(why: int) -> Edge:
    """One reason of several: versions tell more than sessions, and sessions more than time."""
    return next(edge for edge in Edge if why & edge)


def _suffix(edges: list[Edge]) -> str:
    if Edge.REAL_TIME in edges:
        return "-realtime"
    return "-session" if Edge.SESSION in edges else ""


def _known_as(edges: list[Edge], keys: list[Hashable]) -> str:
    if len(edges) == 2 and sorted(edges) == [Edge.WW, Edge.RW] and keys[0] == keys[1]:  # noqa: PLR2004 - two
        return "lost update"
    if edges == [Edge.RW, Edge.RW] and keys[0] != keys[1]:
        return "write skew"
    return ""


def _why(done: Interpretation, first: int, second: int, edge: Edge) -> tuple[Hashable, str]:
    """The key that ties two transactions, and the reason in words."""
    one, other = done.history[first].name, done.history[second].name
    if edge == Edge.SESSION:
        return None, f"{one} came first in session {done.history[first].session}"
    if edge == Edge.REAL_TIME:
        return None, f"{one} had ended when {other} began"
    if edge == Edge.WR:
        key, version = next(_read_from(done, second, first))
        return key, f"{other} read {one}'s write of {key} ({_told(version)})"
    if edge == Edge.WW:
        key, version, later = next(_overwritten(done, first, second))
        return key, f"{other} overwrote {one}'s write of {key} ({_told(version)}, then {_told(later)})"
    key, version, later = next(_read_before(done, first, second))
    return key, f"{one} read {key} as it was before {other}'s write ({_told(version)}, then {_told(later)})"


def _told(version: Hashable) -> str:
    return "nothing" if version == INITIAL else repr(version)


def _read_from(done: Interpretation, reader: int, writer: int) -> Iterator[tuple[Hashable, Hashable]]:
    for by, key, version, source in done.seen:
        if by == reader and source == writer:
            yield key, version


def _overwritten(
    done: Interpretation, first: int, second: int
) -> Iterator[tuple[Hashable, Hashable, Hashable]]:
    for operation in done.history[first].operations:
        if isinstance(operation, Write | Append):
            version = operation.version if isinstance(operation, Write) else operation.element
            order = done.orders[operation.key]
            for later in _following(order, version):
                if order.writers.get(later) == second:
                    yield operation.key, version, later


def _read_before(
    done: Interpretation, reader: int, writer: int
) -> Iterator[tuple[Hashable, Hashable, Hashable]]:
    for by, key, version, _ in done.seen:
        if by == reader:
            order = done.orders[key]
            for later in _following(order, version):
                if order.writers.get(later) == writer:
                    yield key, version, later


def _following(order: KeyOrder, version: Hashable) -> Iterator[Hashable]:
    """The versions that are known to come right after, or at some time after where the order is not known."""
    if version in order.chain:
        yield from order.chain[order.chain.index(version) + 1 :][:1]
    yield from (later for earlier, later in order.pairs if earlier == version)
