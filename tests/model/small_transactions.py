"""Small histories of transactions made from a seeded generator, and definitions of the levels to try them by.

The definitions know nothing of graphs. Serializable: in some order, run one after the other on plain
variables, the transactions read what they read. Snapshot isolation: some interleaving of begins and commits,
in which each reads what was committed when it began and no two of which one committed while the other was
going on wrote the same key. Read committed: some order of commits in which every version comes after those it
replaced, and every reader after whom it read from.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations, permutations
from random import Random
from typing import Any

from model.judges.isolation.history import Append, Read, ReadList, Transaction, Write

Order = tuple[int, ...]
Definition = Callable[[Sequence[Transaction], list[int], bool], bool]


def small_transactions(random: Random, count: int, *, lists: bool = False) -> tuple[Transaction, ...]:
    """Transactions on two keys, their operations interleaved, some of which read what is not the newest."""
    versions: dict[str, list[int]] = {"x": [], "y": []}
    stale = random.choice([0.0, 0.3, 0.7])
    operations: list[list[Any]] = [[] for _ in range(count)]
    appended: list[dict[str, list[int]]] = [{"x": [], "y": []} for _ in range(count)]
    turns = [at for at in range(count) for _ in range(random.randrange(1, 4))]
    if random.random() < 0.7:
        random.shuffle(turns)
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for now, at in enumerate(turns):
        first.setdefault(at, 2 * now)
        last[at] = 2 * now + 1
        key = random.choice("xxy")
        own = appended[at][key]
        if random.random() < 0.5:
            versions[key].append(
                len(versions["x"]) + 10 * len(versions["y"]) + 1 if lists else len(versions[key]) + 1
            )
            own.append(versions[key][-1])
            operations[at].append((Append if lists else Write)(key, versions[key][-1]))
        elif lists:
            others = [each for each in versions[key] if each not in own]
            if random.random() < stale and others:
                del others[random.randrange(len(others)) :]
            operations[at].append(ReadList(key, (*others, *own)))
        else:
            known = [0, *versions[key]]
            seen = random.choice(known) if random.random() < stale else known[-1]
            operations[at].append(Read(key, own[-1] if own and random.random() < 0.9 else seen or None))
    statuses = [random.choice(["ok"] * 8 + ["info", "fail"]) for _ in range(count)]
    ended: dict[int, int] = {}
    sessions: list[int | None] = []
    for at in range(count):
        session = random.randrange(2)
        sessions.append(session if ended.get(session, -1) < first[at] and random.random() < 0.8 else None)
        ended[session] = last[at] if sessions[-1] is not None else ended.get(session, -1)
    return tuple(
        Transaction(
            f"T{at}",
            operations[at],
            session=sessions[at],
            status=statuses[at],  # type: ignore[arg-type] # the three are spelled out above
            invoked=first[at],
            returned=last[at] if statuses[at] != "info" else None,
        )
        for at in range(count)
    )


def satisfies(history: Sequence[Transaction], level: str, *, numbered: bool = True) -> bool:
    """Some choice of the transactions without an end, and some order, satisfies the definition.

    Unless they are `numbered`, the versions of a register may have come in any order.
    """
    definition = _DEFINITIONS[level]
    ok = [at for at, each in enumerate(history) if each.status == "ok"]
    unknown = [at for at, each in enumerate(history) if each.status == "info"]
    return any(
        definition(history, sorted((*ok, *happened)), numbered)
        for count in range(len(unknown) + 1)
        for happened in combinations(unknown, count)
    )


def _serial(history: Sequence[Transaction], order: Order, numbered: bool) -> bool:  # noqa: FBT001 - passed on
    """Run one after the other, every read gives what it gave and every version follows the one before."""
    held: dict[Hashable, Any] = {}
    made: dict[Hashable, list[Hashable]] = {}
    for at in order:
        for operation in history[at].operations:
            if not _same(held, made, operation):
                return False
    return not numbered or _ascend(made)


def _ascend(made: dict[Hashable, list[Hashable]]) -> bool:
    return all(versions == sorted(versions, key=_number) for versions in made.values())


def _same(held: dict[Hashable, Any], made: dict[Hashable, list[Hashable]], operation: Any) -> bool:
    match operation:
        case Read(key=key, version=version):
            return bool(held.get(key) == version)
        case Write(key=key, version=version):
            held[key] = version
            made.setdefault(key, []).append(version)
        case ReadList(key=key, elements=elements):
            return bool(held.get(key, ()) == elements)
        case Append(key=key, element=element):
            held[key] = (*held.get(key, ()), element)  # the order of elements is for the reads to tell
    return True


def _number(version: Any) -> int:
    return int(version)


def _in_some_order(
    allowed: Callable[[Sequence[Transaction], Order], bool],
) -> Definition:
    def definition(history: Sequence[Transaction], among: list[int], numbered: bool) -> bool:  # noqa: FBT001 - passed on
        return any(
            _serial(history, order, numbered) and allowed(history, order) for order in permutations(among)
        )

    return definition


def _read_committed(history: Sequence[Transaction], among: list[int], numbered: bool) -> bool:  # noqa: FBT001 - passed on
    return any(_serially_written(history, order, numbered) for order in permutations(among))


def _serially_written(history: Sequence[Transaction], order: Order, numbered: bool) -> bool:  # noqa: FBT001 - passed on
    """Every read gives something that was committed before, or what the reader wrote; no more is asked."""
    final: dict[Hashable, list[Any]] = {}
    made: dict[Hashable, list[Hashable]] = {}
    for at in order:
        own: dict[Hashable, Any] = {}
        for operation in history[at].operations:
            key = operation.key
            if isinstance(operation, Read):
                allowed = [own[key]] if key in own else [None, *final.get(key, [])]
                if operation.version not in allowed:
                    return False
            elif isinstance(operation, Write):
                own[key] = operation.version
                made.setdefault(key, []).append(operation.version)
        for key, version in own.items():
            final.setdefault(key, []).append(version)
    return not numbered or _ascend(made)


def _anyhow(_history: Sequence[Transaction], _order: Order) -> bool:
    return True


def _by_session(history: Sequence[Transaction], order: Order) -> bool:
    return all(
        earlier < later
        for earlier, later in combinations(order, 2)
        if history[earlier].session is not None and history[earlier].session == history[later].session
    )


def _by_time(history: Sequence[Transaction], order: Order) -> bool:
    return _by_session(history, order) and not any(
        (ended := history[later].returned) is not None and ended < (history[earlier].invoked or 0)
        for earlier, later in combinations(order, 2)
    )


def _snapshot(history: Sequence[Transaction], among: list[int], numbered: bool) -> bool:  # noqa: FBT001 - passed on
    return any(_isolated(history, events, numbered) for events in _interleavings(among))


def _interleavings(among: list[int]) -> Iterator[tuple[int, ...]]:
    """Every order of begins and commits: each number twice."""
    return iter(set(permutations([at for at in among for _ in range(2)])))


def _isolated(history: Sequence[Transaction], events: tuple[int, ...], numbered: bool) -> bool:  # noqa: FBT001 - passed on
    held: dict[Hashable, Any] = {}
    made: dict[Hashable, list[Hashable]] = {}
    begun: dict[int, tuple[dict[Hashable, Any], int]] = {}
    changed: list[set[Hashable]] = []
    for at in events:
        if at not in begun:
            begun[at] = dict(held), len(changed)
            continue
        snapshot, since = begun[at]
        own: dict[Hashable, list[Hashable]] = {}
        if not all(_same(snapshot, own, operation) for operation in history[at].operations):
            return False
        written = {each.key for each in history[at].operations if isinstance(each, Write | Append)}
        if any(written & others for others in changed[since:]):
            return False
        changed.append(written)
        held.update({key: snapshot[key] for key in written})
        for key, versions in own.items():
            made.setdefault(key, []).extend(versions)
    return not numbered or _ascend(made)


_DEFINITIONS: dict[str, Definition] = {
    "read-committed": _read_committed,
    "serializable": _in_some_order(_anyhow),
    "strong-session-serializable": _in_some_order(_by_session),
    "strict-serializable": _in_some_order(_by_time),
    "snapshot-isolation": _snapshot,
}
