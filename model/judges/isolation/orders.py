"""Finds out who wrote each version and in which order the versions of each key came, from what was read.

Where versions are numbers their order is known. Where they are elements of lists, every read is a beginning
of the longest one; elements that nobody read come after it, in an order that nobody knows. Where they are
values of which only the identity is known, one thing is: who read v and then wrote w made w after v. (If w
came before v, the transaction would come before the writer of v by the versions and after it by the read: a
cycle that no level allows. So assuming v before w can hide nothing that is not a violation anyway.)

The order of a key's versions is therefore a *chain* that is known and, behind it, *loose* versions with some
pairs of which the first is known to come before the second. What has to hold for every order of the loose
ones is drawn from the pairs alone; to show that some order is good, one is chosen (`completed`).
"""

from collections.abc import Hashable, Iterator
from typing import Literal, TypeAlias

from attrs import define, field, frozen

from model.judges.isolation.history import INITIAL, Append, Read, ReadList, Transaction, Transactions, Write

Orders = Literal["numbers", "unknown"]
"""How the versions of registers are ordered: as the numbers that they are, or in a way that is not known."""


class MalformedTransactionsError(ValueError):
    """A history that cannot be interpreted: the message says what is wrong with it."""


@frozen
class Flaw:
    """Something wrong with what was read or written that no order of the transactions could mend."""

    name: str
    transactions: tuple[int, ...]
    text: str


Seen: TypeAlias = tuple[int, Hashable, Hashable, int | None]
"""A transaction, a key, the version that it found there, and who wrote that: another, or None for nobody."""


@define(eq=False)
class KeyOrder:
    """The versions of one key: `chain` in their order, `loose` ones behind, `pairs` that are ordered.

    `writers` tells the transaction of each version, also of those that do not count. Versions of a list are
    its elements; before the first there is INITIAL.
    """

    chain: list[Hashable] = field(factory=list)
    loose: list[Hashable] = field(factory=list)
    pairs: list[tuple[Hashable, Hashable]] = field(factory=list)
    writers: dict[Hashable, int] = field(factory=dict)


@define(eq=False)
class Interpretation:
    """What the transactions did, in terms of versions; transactions are named by their indices.

    `committed` are those that count, ascending. `seen` is what they read of others.
    """

    history: Transactions
    committed: list[int] = field(factory=list)
    orders: dict[Hashable, KeyOrder] = field(factory=dict)
    seen: list[Seen] = field(factory=list)
    flaws: list[Flaw] = field(factory=list)

    @property
    def is_total(self) -> bool:
        """Of no key more than one order is possible."""
        return all(len(order.loose) <= 1 for order in self.orders.values())


def interpreted(history: Transactions, orders: Orders) -> Interpretation:
    """What the history says of versions and their order; raises MalformedTransactionsError."""
    _check_sessions(history)
    reading = _Reading(history, orders)
    reading.collect_writes()
    reading.find_committed()
    reading.order_versions()
    for index in reading.made.committed:
        reading.read_through(index)
    return reading.made


def _check_sessions(history: Transactions) -> None:
    latest: dict[Hashable, Transaction] = {}
    for each in history:
        if each.returned is not None and (each.invoked is None or each.returned < each.invoked):
            raise MalformedTransactionsError(f"{each.name} ended before it began, or never began")
        before = latest.get(each.session) if each.session is not None else None
        if (
            before is not None
            and each.invoked is not None
            and (before.returned or each.invoked) > each.invoked
        ):
            text = f"{each.name} began before {before.name} ended"
            raise MalformedTransactionsError(f"a session runs one transaction at a time: {text}")
        latest[each.session] = each


@define(eq=False)
class _Reading:
    """One pass after another through a history.

    State: what has been found out; which keys are lists; the transactions that count; the versions that their
    own transaction went on to change, as (key, version); the longest read of each list, with who read it.
    """

    history: Transactions
    orders: Orders
    made: Interpretation = field(init=False)
    lists: set[Hashable] = field(factory=set)
    counted: set[int] = field(factory=set)
    passing: set[tuple[Hashable, Hashable]] = field(factory=set)
    longest: dict[Hashable, tuple[tuple[Hashable, ...], int]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.made = Interpretation(self.history)

    def flaw(self, name: str, text: str, *transactions: int) -> None:
        """Note a flaw; the text names its transactions T0 and T1."""
        names = {f"T{at}": self.history[index].name for at, index in enumerate(transactions)}
        self.made.flaws.append(Flaw(name, transactions, text.format(**names)))

    def collect_writes(self) -> None:
        """Who wrote which version, of all transactions."""
        orders = self.made.orders
        registers: set[Hashable] = set()
        for index, transaction in enumerate(self.history):
            written: dict[Hashable, Hashable] = {}
            for operation in transaction.operations:
                key, kind = operation.key, type(operation)
                order = orders.get(key)
                if order is None:
                    order = orders[key] = KeyOrder()
                    (registers if kind is Read or kind is Write else self.lists).add(key)
                if (key in registers) != (kind is Read or kind is Write):
                    raise MalformedTransactionsError(f"{key!r} is used as a register and as a list")
                if kind is Read or kind is ReadList:
                    continue
                version = operation.version if kind is Write else operation.element  # type: ignore[union-attr] # its type was just compared
                self._write(order.writers, index, key, version)
                if key in written:
                    self.passing.add((key, written[key]))
                written[key] = version

    def _write(self, writers: dict[Hashable, int], index: int, key: Hashable, version: Hashable) -> None:
        if version is None or version == INITIAL:
            raise MalformedTransactionsError(
                f"{self.history[index].name} made version {version!r} of {key!r}"
            )
        if version in writers:
            text = "{T0} and {T1} both made version " + _shown(version, key)
            self.flaw("duplicate", text, writers[version], index)
        writers[version] = index

    def find_committed(self) -> None:
        """The transactions that ended well, and those without an end of which somebody saw a write."""
        history, orders = self.history, self.made.orders
        self.counted = counted = {index for index, each in enumerate(history) if each.status == "ok"}
        waiting = sorted(counted, reverse=True)
        if not self.lists and all(each.status != "info" for each in history):
            waiting.clear()
        while waiting:
            index = waiting.pop()
            for key, version in self._external(index):
                writer = orders[key].writers.get(version)
                if writer is not None and history[writer].status == "info" and writer not in counted:
                    counted.add(writer)
                    waiting.append(writer)
        self.made.committed = sorted(counted)

    def _external(self, index: int) -> Iterator[tuple[Hashable, Hashable]]:
        """Every version that a transaction saw; the longest reads of lists are noted on the way."""
        own: dict[Hashable, int] = {}
        for operation in self.history[index].operations:
            key, kind = operation.key, type(operation)
            if kind is Read:
                yield key, operation.version  # type: ignore[union-attr] # its type was just compared
            elif kind is Append:
                own[key] = own.get(key, 0) + 1
            elif kind is ReadList:
                elements: tuple[Hashable, ...] = operation.elements  # type: ignore[union-attr] # likewise
                others = len(elements) - own.get(key, 0)
                known = self.longest.get(key)
                if known is None or len(known[0]) < others:
                    self.longest[key] = elements[:others], index
                    yield from ((key, element) for element in elements[:others])

    def order_versions(self) -> None:
        """The order of each key's versions, as far as it is known."""
        for key, order in self.made.orders.items():
            versions = [version for version, writer in order.writers.items() if writer in self.counted]
            if key in self.lists:
                self._order_list(key, order, versions)
            elif self.orders == "numbers":
                order.chain = [INITIAL, *sorted(versions, key=_number)]
            else:
                order.chain, order.loose = [INITIAL], versions
                order.pairs = [(INITIAL, version) for version in versions]

    def _order_list(self, key: Hashable, order: KeyOrder, versions: list[Hashable]) -> None:
        elements, reader = self.longest.get(key, ((), -1))
        for element in elements:
            self._check_written(reader, key, element)
        if len(set(elements)) < len(elements):
            self.flaw("duplicate", "{T0} read an element twice: " + f"{key} was {list(elements)!r}", reader)
        order.chain = [INITIAL, *dict.fromkeys(elements)]
        order.loose = [version for version in versions if version not in set(order.chain)]
        order.pairs = [(order.chain[-1], version) for version in order.loose]

    def read_through(self, index: int) -> None:
        """What a transaction read, apart from what it had written itself."""
        own: dict[Hashable, list[Hashable]] = {}
        before: dict[Hashable, Hashable] = {}
        for operation in self.history[index].operations:
            key, kind = operation.key, type(operation)
            if kind is Read:
                version = operation.version  # type: ignore[union-attr] # its type was just compared
                if key in own:
                    self._check_own(index, key, own[key][-1], version)
                else:
                    before[key] = version = INITIAL if version is None else version
                    self._found(index, key, version)
            elif kind is Write:
                version = operation.version  # type: ignore[union-attr] # likewise
                self._order_own(index, key, version, own.get(key), before.get(key))
                own.setdefault(key, []).append(version)
            elif kind is ReadList:
                self._found_list(index, key, operation.elements, tuple(own.get(key, ())))  # type: ignore[union-attr] # likewise
            else:
                own.setdefault(key, []).append(operation.element)  # type: ignore[union-attr] # likewise

    def _check_own(self, index: int, key: Hashable, made: Hashable, version: Hashable) -> None:
        if version != made:
            text = f"{{T0}} read {_shown(version, key)} after it had itself made {made!r}"
            self.flaw("internal", text, index)

    def _order_own(
        self, index: int, key: Hashable, version: Hashable, own: list[Hashable] | None, read: Hashable
    ) -> None:
        earlier = own[-1] if own else read
        if self.orders == "unknown":
            if earlier is not None and earlier != INITIAL:
                self.made.orders[key].pairs.append((earlier, version))
        elif own and _number(version) <= _number(own[-1]):
            self.flaw("internal", f"{{T0}} made {_shown(version, key)} after it had made {own[-1]!r}", index)

    def _found(self, index: int, key: Hashable, version: Hashable) -> None:
        writer = self.made.orders[key].writers.get(version)
        if writer == index:
            return
        if writer not in self.counted:
            self._check_written(index, key, version)
        elif self.passing and (key, version) in self.passing:
            self.flaw(
                "G1b", f"{{T0}} read {_shown(version, key)}, which {{T1}} went on to change", index, writer
            )
        self.made.seen.append((index, key, version, writer))

    def _found_list(
        self, index: int, key: Hashable, elements: tuple[Hashable, ...], own: tuple[Hashable, ...]
    ) -> None:
        others = elements[: len(elements) - len(own)]
        if own and elements[-len(own) :] != own:
            text = f"{{T0}} appended {list(own)!r} to {key}, and then read {list(elements)!r}"
            self.flaw("internal", text, index)
            return
        longest, reader = self.longest.get(key, ((), index))
        if longest[: len(others)] != others:
            text = f"{{T0}} read {list(others)!r} from {key}, and {{T1}} read {list(longest)!r}"
            self.flaw("incompatible orders", text, index, reader)
        self._found(index, key, others[-1] if others else INITIAL)

    def _check_written(self, index: int, key: Hashable, version: Hashable) -> None:
        writer = self.made.orders[key].writers.get(version)
        if writer is None:
            if version != INITIAL:
                self.flaw("unwritten", f"{{T0}} read {_shown(version, key)}, which nobody wrote", index)
        elif self.history[writer].status == "fail":
            self.flaw(
                "G1a",
                f"{{T0}} read {_shown(version, key)}, but {{T1}}, which wrote it, failed",
                index,
                writer,
            )


def _shown(version: Hashable, key: Hashable) -> str:
    return f"{version!r} of {key}"


def _number(version: Hashable) -> int:
    if isinstance(version, bool) or not isinstance(version, int) or version < INITIAL:
        raise MalformedTransactionsError(f"versions are numbers, and {version!r} is none")
    return version
