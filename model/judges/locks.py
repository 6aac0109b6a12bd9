"""Judges locks: one holder at a time, tokens that only grow, nothing released twice or never.

A lease is in force from its grant until it is released or its time is up, whichever comes first; without a
time it lasts until released. A holder may be slower than its lease: that is what the fencing token is for
(Kleppmann, "How to do distributed locking", 2016). Whoever guards the resource must refuse a token smaller
than one that it has accepted.
"""

from collections import deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias, TypeVar

from attrs import define, field, frozen

from model.judges.verdict import Verdict, from_complaints

Name = TypeVar("Name", bound=Hashable)

LockAction = Literal["granted", "released", "used"]


@frozen
class LockEvent:
    """Something that the lock service, or the guard of a resource, accepted; refusals are no events.

    `until` is when a granted lease ends, None for never; times are of one clock that the lock goes by.
    """

    at: float
    action: LockAction
    lock: Hashable
    holder: Hashable
    token: int
    until: float | None = None

    def __str__(self) -> str:
        """`at 5: x granted to a with token 3 until 9`."""
        text = {"granted": "granted to", "released": "released by", "used": "used by"}[self.action]
        lease = "" if self.until is None else f" until {self.until:g}"
        return f"at {self.at:g}: {self.lock} {text} {self.holder} with token {self.token}{lease}"


@define(eq=False)
class _Lock:
    """One lock so far: its last grant and whether that was released, every grant, the largest token used."""

    grant: LockEvent | None = None
    released: LockEvent | None = None
    grants: dict[int, LockEvent] = field(factory=dict)
    used: LockEvent | None = None


def judge_locks(events: Sequence[LockEvent], ended_at: float | None = None) -> Verdict:
    """Mutual exclusion, fencing and releases, per lock; the events stand in the order in which they happened.

    With `ended_at`, the time when nothing was in flight any more, a lock that is still held then without a
    lease that ends is a lost release. Exercised: grants of a lock that had been granted before.
    """
    locks: dict[Hashable, _Lock] = {}
    complaints: list[str] = []
    exercised = 0
    for event in events:
        lock = locks.setdefault(event.lock, _Lock())
        exercised += event.action == "granted" and lock.grant is not None
        complaints += [
            f"{complaint}\n  {first}\n  {event}" for complaint, first in _ACTIONS[event.action](lock, event)
        ]
    for lock in locks.values():
        grant = lock.grant
        if ended_at is not None and grant is not None and lock.released is None and grant.until is None:
            complaints.append(f"never released\n  {grant}")
    return from_complaints(complaints, exercised)


_Complaints: TypeAlias = list[tuple[str, object]]


def _granted(lock: _Lock, event: LockEvent) -> _Complaints:
    complaints: _Complaints = []
    before = lock.grant
    if before is not None:
        if lock.released is None and (before.until is None or event.at < before.until):
            complaints.append(("two holders at a time", before))
        if event.token <= before.token:
            complaints.append(("a token that is not larger than the one before", before))
    lock.grant, lock.released = event, None
    lock.grants[event.token] = event
    return complaints


def _released(lock: _Lock, event: LockEvent) -> _Complaints:
    grant = lock.grants.get(event.token)
    if grant is None or grant.holder != event.holder:
        return [("released by one who did not hold it", grant or "it was never granted with this token")]
    if lock.grant is not grant:
        return [("released under a newer lease", lock.grant)]
    if lock.released is not None:
        return [("released twice", lock.released)]
    lock.released = event
    return []


def _used(lock: _Lock, event: LockEvent) -> _Complaints:
    complaints: _Complaints = []
    grant = lock.grants.get(event.token)
    if grant is None or grant.holder != event.holder:
        complaints.append(("used with a token of somebody else", grant or "it was never granted"))
    if lock.used is not None and event.token < lock.used.token:
        complaints.append(("used with an old token", lock.used))
    else:
        lock.used = event
    return complaints


_ACTIONS = {"granted": _granted, "released": _released, "used": _used}


@frozen
class Holding:
    """A client certainly had a lock: from the grant that it was told of until it asked for the release.

    Or until its lease ended; `until` is None if neither happened.
    """

    lock: Hashable
    holder: Hashable
    since: float
    until: float | None

    def __str__(self) -> str:
        """`a held x from 3 to 7`."""
        end = "on" if self.until is None else f"to {self.until:g}"
        return f"{self.holder} held {self.lock} from {self.since:g} {end}"


def judge_holdings(holdings: Iterable[Holding]) -> Verdict:
    """No two clients held the same lock at a time; what one ends when the other begins does not overlap.

    This needs only what clients know. Exercised: the holdings of locks that were held more than once.
    """
    by_lock: dict[Hashable, list[Holding]] = {}
    for holding in sorted(holdings, key=_since):
        by_lock.setdefault(holding.lock, []).append(holding)
    complaints = []
    for held in by_lock.values():
        longest = held[0]
        for holding in held[1:]:
            if longest.until is None or holding.since < longest.until:
                complaints.append(f"two holders at a time\n  {longest}\n  {holding}")
            if longest.until is not None and (holding.until is None or holding.until > longest.until):
                longest = holding
    return from_complaints(complaints, sum(len(held) for held in by_lock.values() if len(held) > 1))


def _since(holding: Holding) -> float:
    return holding.since


def judge_deadlock(waits: Mapping[Name, Iterable[Name]]) -> Verdict:
    """Nobody waits, directly or through others, for themselves; `waits` maps each who waits to whom for.

    The explanation is a shortest cycle. Exercised: those who wait.
    """
    order = {name: list(dict.fromkeys(others)) for name, others in waits.items()}
    cycles = [cycle for name in order if (cycle := _cycle_through(name, order))]
    if not cycles:
        return Verdict("holds", "", len(order))
    shortest = min(cycles, key=len)
    links = [
        f"{name} waits for {other}"
        for name, other in zip(shortest, (*shortest[1:], shortest[0]), strict=True)
    ]
    return Verdict("violated", f"deadlock: {', '.join(links)}", len(order))


def _cycle_through(start: Name, waits: Mapping[Name, Sequence[Name]]) -> list[Name]:
    origins: dict[Name, Name] = {}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for other in waits.get(name, ()):
            if other == start:
                path = [name]
                while path[-1] != start:
                    path.append(origins[path[-1]])
                return path[::-1]
            if other not in origins:
                origins[other] = name
                queue.append(other)
    return []
