"""Session guarantees and staleness, case by case and against their definitions."""

from collections.abc import Iterator, Sequence
from typing import Literal

import pytest

from model.judges.sessions import GUARANTEES, Access, Guarantee, judge_sessions, judge_staleness
from tests.model.small_histories import seeded


def access(
    session: str, kind: Literal["r", "w"], key: str, version: int, times: tuple[float, float] | None = None
) -> Access:
    """A read or a write."""
    asked, answered = times or (None, None)
    return Access(session, "read" if kind == "r" else "write", key, version, asked, answered)


CLASHES: dict[Guarantee, list[Access]] = {
    "read your writes": [access("a", "w", "x", 2), access("a", "r", "x", 1)],
    "monotonic reads": [access("a", "r", "x", 2), access("a", "r", "x", 1)],
    "monotonic writes": [access("a", "w", "x", 2), access("a", "w", "x", 1)],
    "writes follow reads": [access("a", "r", "x", 2), access("a", "w", "x", 1)],
}


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_each_guarantee_has_its_clash(guarantee: Guarantee) -> None:
    """Two accesses of one session, named as a pair, and only if the guarantee is asked for."""
    verdict = judge_sessions(CLASHES[guarantee])
    assert (verdict.guarantee, verdict.clash) == (guarantee, (0, 1))
    others = [each for each in GUARANTEES if each != guarantee]
    assert judge_sessions(CLASHES[guarantee], others).holds


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_sessions_owe_each_other_nothing(guarantee: Guarantee) -> None:
    """The same accesses in two sessions are no clash."""
    first, second = CLASHES[guarantee]
    assert judge_sessions([first, access("b", "r" if second.kind == "read" else "w", "x", 1)]).holds


def test_who_sees_a_write_sees_the_earlier_ones_of_its_session() -> None:
    """Monotonic writes concern other keys and other sessions."""
    history = [
        access("a", "w", "x", 1),
        access("a", "w", "y", 1),
        access("b", "r", "y", 1),
        access("b", "r", "x", 0),
    ]
    verdict = judge_sessions(history)
    assert (verdict.guarantee, verdict.clash) == ("monotonic writes", (2, 3))


def test_who_sees_a_write_sees_what_it_followed_from() -> None:
    """Writes follow reads, also through a third session."""
    history = [
        access("a", "w", "x", 1),
        access("b", "r", "x", 1),
        access("b", "w", "y", 1),
        access("c", "r", "y", 1),
        access("c", "w", "z", 1),
        access("d", "r", "z", 1),
        access("d", "r", "x", 0),
    ]
    verdict = judge_sessions(history)
    assert (verdict.guarantee, verdict.clash) == ("writes follow reads", (5, 6))


def test_the_order_in_which_sessions_are_listed_does_not_matter() -> None:
    """A read may be listed before the write that it saw."""
    history = [
        access("b", "r", "y", 1),
        access("b", "r", "x", 0),
        access("a", "w", "x", 1),
        access("a", "w", "y", 1),
    ]
    assert judge_sessions(history).clash == (0, 1)


def test_reading_what_followed_from_the_read_is_impossible() -> None:
    """Two sessions that each read what the other wrote afterwards."""
    history = [
        access("a", "r", "x", 1),
        access("a", "w", "y", 1),
        access("b", "r", "y", 1),
        access("b", "w", "x", 1),
    ]
    assert judge_sessions(history).guarantee == "causality"


def _owed(accesses: Sequence[Access], index: int) -> Iterator[tuple[str, int]]:
    """What whoever sees a write owes, by definition: (key, version)."""
    made = accesses[index]
    for before in range(index):
        earlier = accesses[before]
        if earlier.session == made.session:
            yield str(earlier.key), earlier.version
            if earlier.kind == "read":
                yield from _owed_by_read(accesses, before)


def _owed_by_read(accesses: Sequence[Access], index: int) -> Iterator[tuple[str, int]]:
    seen = accesses[index]
    for other, written in enumerate(accesses):
        if written.kind == "write" and (written.key, written.version) == (seen.key, seen.version):
            yield from _owed(accesses, other)


def _by_definition(accesses: Sequence[Access]) -> bool:
    for index, made in enumerate(accesses):
        before = [at for at in range(index) if accesses[at].session == made.session]
        least = made.version + (made.kind == "read")
        own = [accesses[at] for at in before]
        if any(each.key == made.key and each.version >= least for each in own):
            return False
        if made.kind == "read":
            debts = [
                debt for at in before if accesses[at].kind == "read" for debt in _owed_by_read(accesses, at)
            ]
            if any(key == made.key and version > made.version for key, version in debts):
                return False
    return True


def test_the_sweep_agrees_with_the_definitions() -> None:
    """On thousands of small histories in which every write comes before the reads that saw it."""
    random = seeded("sessions")
    met = {True: 0, False: 0}
    for _ in range(4_000):
        versions = {"x": 0, "y": 0}
        history = []
        for _ in range(random.randrange(2, 9)):
            session, key = random.choice("abc"), random.choice("xy")
            if random.random() < 0.5:
                versions[key] += 1
                history.append(access(session, "w", key, versions[key]))
            else:
                history.append(
                    access(session, "r", key, random.randrange(max(0, versions[key] - 2), versions[key] + 1))
                )
        expected = _by_definition(history)
        met[expected] += 1
        assert judge_sessions(history).holds == expected, history
    assert min(met.values()) > 500


def test_a_read_may_be_behind_for_as_long_as_is_allowed() -> None:
    """From the first answer to a newer version to the beginning of the read."""
    history = [
        access("a", "w", "x", 1, (0, 10)),
        access("a", "w", "x", 2, (11, 20)),
        access("b", "r", "x", 0, (40, 41)),
    ]
    assert judge_staleness(history, 30).holds
    verdict = judge_staleness(history, 29)
    assert verdict.clash == (0, 2)
    assert "the second began 30 after the answer to the first, allowed are 29" in verdict.explanation


def test_a_newer_version_may_have_been_answered_earlier() -> None:
    """The first answer counts, whichever newer version it was to."""
    history = [
        access("a", "w", "x", 1, (0, 50)),
        access("b", "w", "x", 2, (0, 10)),
        access("c", "r", "x", 0, (40, 41)),
    ]
    assert judge_staleness(history, 29).clash == (1, 2)


def test_the_newest_version_is_never_stale() -> None:
    """However old it is."""
    assert judge_staleness([access("a", "w", "x", 1, (0, 1)), access("b", "r", "x", 1, (99, 100))], 0).holds


def test_a_write_that_makes_the_version_already_seen_is_a_clash() -> None:
    """It should have made a newer one."""
    seen = [access("b", "w", "x", 1), access("a", "r", "x", 1), access("a", "w", "x", 1)]
    assert judge_sessions(seen).guarantee == "writes follow reads"
    made = [access("a", "w", "x", 1), access("a", "w", "x", 1)]
    assert judge_sessions(made).guarantee == "monotonic writes"
