"""Judges what each session may rely on, and how far behind a read may be: sweeps over known versions.

The session guarantees are those of Terry et al. ("Session guarantees for weakly consistent replicated data",
1994). With versions per key known each is a comparison with a largest version so far:

* *read your writes*: a read is no older than what its session wrote;
* *monotonic reads*: nor than what its session read;
* *monotonic writes*: a write comes after the earlier writes of its session, and whoever sees it sees those
  too;
* *writes follow reads*: a write comes after what its session had read, and whoever sees it sees that too.

"Sees that too" concerns other keys: a write carries the versions that its session had made and read before
it, and a session that reads it owes them in its later reads. Writes are taken up before the reads that saw
them, whatever their times; where that is impossible, a session has read what was written because of that
read.

*Bounded staleness*: a read may miss a write for so long after the write was answered.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from attrs import define, field, frozen

from model.judges.verdict import Verdict

Guarantee = Literal["read your writes", "monotonic reads", "monotonic writes", "writes follow reads"]
GUARANTEES: Final[tuple[Guarantee, ...]] = (
    "read your writes",
    "monotonic reads",
    "monotonic writes",
    "writes follow reads",
)


@frozen
class Access:
    """A session read or wrote a key and the answer told the version; times of one clock, None if unknown."""

    session: Hashable
    kind: Literal["read", "write"]
    key: Hashable
    version: int
    asked: float | None = None
    answered: float | None = None

    def __str__(self) -> str:
        """`session 3 read x at version 5`."""
        did = "read" if self.kind == "read" else "wrote"
        return f"session {self.session} {did} {self.key} at version {self.version}"


@frozen
class SessionVerdict(Verdict):
    """The verdict on some accesses; a violation is the first pair of accesses that clash, by index."""

    guarantee: str = ""
    clash: tuple[int, ...] = ()


_Debt: TypeAlias = tuple[int, int, Guarantee]
"""A version, the access by which it is owed, and for which guarantee."""
_Debts: TypeAlias = dict[Hashable, _Debt]


@define(eq=False)
class _Session:
    """What a session has written and read of each key, and what it owes because of what it read."""

    accesses: list[int] = field(factory=list)
    place: int = 0
    written: _Debts = field(factory=dict)
    read: _Debts = field(factory=dict)
    owed: _Debts = field(factory=dict)


def judge_sessions(
    accesses: Sequence[Access], guarantees: Iterable[Guarantee] = GUARANTEES
) -> SessionVerdict:
    """The accesses of each session stand in its own order; exercised: those with one before them in it."""
    sweep = _Sweep(accesses, frozenset(guarantees))
    clash = sweep.run()
    exercised = sum(max(len(session.accesses) - 1, 0) for session in sweep.sessions.values())
    if clash is None:
        return SessionVerdict("holds", "", exercised)
    guarantee, why, indices = clash
    lines = [f"{guarantee}: {why}", *(f"  {accesses[index]}" for index in indices)]
    return SessionVerdict("violated", "\n".join(lines), exercised, guarantee, indices)


_Clash: TypeAlias = tuple[str, str, tuple[int, ...]]


@define(eq=False)
class _Sweep:
    """The sessions, each as far as its reads have met the writes that they saw.

    `carried` maps (key, version) to what whoever reads it owes; `to_come` are the writes not yet taken up.
    """

    accesses: Sequence[Access]
    guarantees: frozenset[Guarantee]
    sessions: dict[Hashable, _Session] = field(factory=dict)
    carried: dict[tuple[Hashable, int], _Debts] = field(factory=dict)
    to_come: set[tuple[Hashable, int]] = field(factory=set)

    def run(self) -> _Clash | None:
        """The first clash."""
        for index, access in enumerate(self.accesses):
            self.sessions.setdefault(access.session, _Session()).accesses.append(index)
            if access.kind == "write":
                self.to_come.add((access.key, access.version))
        waiting: dict[tuple[Hashable, int], list[_Session]] = {}
        ready = list(self.sessions.values())[::-1]
        while ready:
            session = ready.pop()
            while session.place < len(session.accesses):
                index = session.accesses[session.place]
                access = self.accesses[index]
                made = (access.key, access.version)
                if access.kind == "read" and made in self.to_come:
                    waiting.setdefault(made, []).append(session)
                    break
                clash = self.read(session, index) if access.kind == "read" else self.write(session, index)
                if clash is not None:
                    return clash
                session.place += 1
                if access.kind == "write":
                    ready += waiting.pop(made, [])[::-1]
        if not waiting:
            return None
        stuck = [each.accesses[each.place] for sessions in waiting.values() for each in sessions]
        return (
            "causality",
            "each of these read what was written only after another of them",
            tuple(sorted(stuck)),
        )

    def read(self, session: _Session, index: int) -> _Clash | None:
        """A read, and what it owes from now on."""
        access = self.accesses[index]
        for debts in (session.written, session.read, session.owed):
            debt = debts.get(access.key)
            if debt is not None and access.version < debt[0]:
                guarantee: Guarantee = "read your writes" if debts is session.written else debt[2]
                if guarantee in self.guarantees:
                    return (
                        guarantee,
                        "the second is older than the first, or than what comes with it",
                        (debt[1], index),
                    )
        _raise(session.read, access.key, (access.version, index, "monotonic reads"))
        for key, (version, _, guarantee) in self.carried.get((access.key, access.version), {}).items():
            _raise(session.owed, key, (version, index, guarantee))
        return None

    def write(self, session: _Session, index: int) -> _Clash | None:
        """A write, and what it carries with it."""
        access = self.accesses[index]
        checks: tuple[tuple[_Debts, Guarantee], ...] = (
            (session.written, "monotonic writes"),
            (session.read, "writes follow reads"),
        )
        carried: _Debts = {}
        for debts, guarantee in checks:
            debt = debts.get(access.key)
            if guarantee not in self.guarantees:
                continue
            if debt is not None and access.version <= debt[0]:
                return guarantee, "the second makes no newer version than the first", (debt[1], index)
            for key, (version, by, _) in debts.items():
                _raise(carried, key, (version, by, guarantee))
        if "writes follow reads" in self.guarantees:
            for key, debt in session.owed.items():
                _raise(carried, key, debt)
        self.carried[access.key, access.version] = carried
        self.to_come.discard((access.key, access.version))
        _raise(session.written, access.key, (access.version, index, "monotonic writes"))
        return None


def _raise(debts: _Debts, key: Hashable, debt: _Debt) -> None:
    if key not in debts or debts[key][0] < debt[0]:
        debts[key] = debt


def judge_staleness(accesses: Sequence[Access], bound: float) -> SessionVerdict:
    """No read began more than `bound` after a newer version of its key had been answered.

    Times are in the same unit as the bound; accesses without them are not looked at. Exercised: the reads.
    """
    replaced = _replaced(accesses)
    reads = [(at, each) for at, each in enumerate(accesses) if each.kind == "read" and each.asked is not None]
    for index, access in reads:
        versions, firsts = replaced.get(access.key, ([], []))
        at = bisect_right(versions, access.version)
        if at == len(versions) or access.asked is None:
            continue
        when, by = firsts[at]
        if access.asked - when > bound:
            late = f"the second began {access.asked - when:g} after the answer to the first"
            lines = [f"bounded staleness: {late}, allowed are {bound:g}", f"  {accesses[by]}", f"  {access}"]
            return SessionVerdict("violated", "\n".join(lines), len(reads), "bounded staleness", (by, index))
    return SessionVerdict("holds", "", len(reads))


def _replaced(accesses: Sequence[Access]) -> Mapping[Hashable, tuple[list[int], list[tuple[float, int]]]]:
    """For each key the versions written, ascending, and the first answer to a write of that or a newer."""
    writes: dict[Hashable, list[tuple[int, float, int]]] = {}
    for index, access in enumerate(accesses):
        if access.kind == "write" and access.answered is not None:
            writes.setdefault(access.key, []).append((access.version, access.answered, index))
    found = {}
    for key, made in writes.items():
        made.sort()
        firsts = [(answered, index) for _, answered, index in made]
        for at in reversed(range(len(firsts) - 1)):
            firsts[at] = min(firsts[at], firsts[at + 1])
        found[key] = [version for version, _, _ in made], firsts
    return found
