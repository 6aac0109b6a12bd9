"""The judge of transactions, anomaly by anomaly, and how it tells them."""

from typing import Any

import pytest

from model.judges.isolation.cycles import Cycle, CycleSearch, Sort
from model.judges.isolation.history import Append, Read, ReadList, Transaction, Write
from model.judges.isolation.judge import IsolationVerdict, UnknownLevelError, judge_transactions
from model.judges.isolation.levels import LEVELS
from model.judges.isolation.orders import MalformedTransactionsError


def made(*transactions: tuple[Any, ...], **more: dict[str, Any]) -> tuple[Transaction, ...]:
    """Transactions T1, T2, ... of these operations; further fields by name of the transaction."""
    names = [f"T{at}" for at in range(1, len(transactions) + 1)]
    return tuple(
        Transaction(name, operations, **more.get(name, {}))
        for name, operations in zip(names, transactions, strict=True)
    )


def names(verdict: IsolationVerdict) -> list[str]:
    """The anomalies found."""
    return [anomaly.name for anomaly in verdict.anomalies]


LOST_UPDATE = made((Read("x", 0), Write("x", 1)), (Read("x", 0), Write("x", 2)))
WRITE_SKEW = made(
    (Read("x", 0), Read("y", 0), Write("x", 1)),
    (Read("x", 0), Read("y", 0), Write("y", 1)),
)
LONG_FORK = made(
    (Write("x", 1),),
    (Write("y", 1),),
    (Read("x", 1), Read("y", 0)),
    (Read("y", 1), Read("x", 0)),
)
ANOMALIES: dict[str, tuple[tuple[Transaction, ...], str, set[str]]] = {
    # name: history, name of the anomaly, the plain levels that it violates
    "dirty write": (
        made((Write("x", 1), Write("y", 2)), (Write("x", 2), Write("y", 1))),
        "G0",
        {"read-committed", "snapshot-isolation", "serializable"},
    ),
    "circular information flow": (
        made((Write("x", 1), Read("y", 1)), (Write("y", 1), Read("x", 1))),
        "G1c",
        {"read-committed", "snapshot-isolation", "serializable"},
    ),
    "read skew": (
        made((Write("x", 1), Write("y", 1)), (Read("x", 0), Read("y", 1))),
        "G-single",
        {"snapshot-isolation", "serializable"},
    ),
    "unrepeatable read": (
        made((Write("x", 1),), (Read("x", 0), Read("x", 1))),
        "G-single",
        {"snapshot-isolation", "serializable"},
    ),
    "lost update": (LOST_UPDATE, "G-single", {"snapshot-isolation", "serializable"}),
    "long fork": (LONG_FORK, "G-nonadjacent", {"snapshot-isolation", "serializable"}),
    "write skew": (WRITE_SKEW, "G2", {"serializable"}),
}


@pytest.mark.parametrize("case", sorted(ANOMALIES))
@pytest.mark.parametrize("level", ["read-committed", "snapshot-isolation", "serializable"])
def test_each_anomaly_violates_its_levels_and_no_other(case: str, level: str) -> None:
    """Named at every level that forbids it, allowed at the others."""
    history, name, violated = ANOMALIES[case]
    verdict = judge_transactions(history, level)
    assert verdict.violated == (level in violated)
    assert (name in names(verdict)) == (level in violated)


FLAWS: dict[str, tuple[Transaction, ...]] = {
    "G1a": made((Write("x", 1),), (Read("x", 1),), T1={"status": "fail"}),
    "G1b": made((Write("x", 1), Write("x", 2)), (Read("x", 1),)),
    "unwritten": made((Read("x", 7),)),
    "internal": made((Write("x", 1), Read("x", 0))),
    "duplicate": made((Write("x", 1),), (Write("x", 1),)),
    "incompatible orders": made(
        (Append("x", 1),), (Append("x", 2),), (ReadList("x", [1, 2]),), (ReadList("x", [2]),)
    ),
}


@pytest.mark.parametrize("level", sorted(LEVELS))
@pytest.mark.parametrize("name", sorted(FLAWS))
def test_what_cannot_have_been_read_violates_every_level(name: str, level: str) -> None:
    """Aborted, intermediate, unwritten and contradictory reads need no cycle."""
    verdict = judge_transactions(FLAWS[name], level)
    assert verdict.violated
    assert names(verdict)[0] == name


def test_a_serial_history_satisfies_every_level() -> None:
    """With sessions and times in the order of its transactions."""
    history = tuple(
        Transaction(f"T{at}", (Read("x", at), Write("x", at + 1)), at % 2, "ok", 2 * at, 2 * at + 1)
        for at in range(6)
    )
    assert all(judge_transactions(history, level).holds for level in LEVELS)
    assert judge_transactions(history).exercised == 6


def test_a_lost_update_is_told_in_words() -> None:
    """Its name, and each link of the cycle with its reason."""
    assert judge_transactions(LOST_UPDATE).explanation.splitlines() == [
        "G-single (lost update): 2 transactions each come before the next, and the last before the first:",
        "  T2 before T1 because T2 read x as it was before T1's write (nothing, then 1)",
        "  T1 before T2 because T2 overwrote T1's write of x (1, then 2)",
    ]


def test_write_skew_is_told_in_words() -> None:
    """Each overwrote what the other had read."""
    assert judge_transactions(WRITE_SKEW).explanation.splitlines() == [
        "G2 (write skew): 2 transactions each come before the next, and the last before the first:",
        "  T1 before T2 because T1 read y as it was before T2's write (nothing, then 1)",
        "  T2 before T1 because T2 read x as it was before T1's write (nothing, then 1)",
    ]


def test_the_witness_is_the_shortest_cycle() -> None:
    """A cycle of two is shown although a longer one goes through the same transactions."""
    history = (
        *made((Write("a", 1), Read("d", 0)), (Read("a", 1), Write("b", 1)), (Read("b", 1), Write("d", 1))),
        *LOST_UPDATE,
    )
    (anomaly,) = judge_transactions(history).anomalies
    assert [history[index] for index in anomaly.transactions] == list(LOST_UPDATE)[::-1]


def test_the_order_of_a_session_counts_where_the_level_says_so() -> None:
    """Reading an older version later in the same session."""
    history = made((Write("x", 1),), (Read("x", 1),), (Read("x", 0),), T2={"session": 1}, T3={"session": 1})
    assert judge_transactions(history, "serializable").holds
    verdict = judge_transactions(history, "strong-session-serializable")
    assert names(verdict) == ["G-single-session"]
    assert "T2 came first in session 1" in verdict.explanation


def test_real_time_counts_for_strict_serializability() -> None:
    """A transaction that began after another had ended sees what it did."""
    times = {"T1": {"invoked": 1, "returned": 2}, "T2": {"invoked": 3, "returned": 4}}
    history = made((Write("x", 1),), (Read("x", 0),), **times)
    assert judge_transactions(history, "strong-session-serializable").holds
    verdict = judge_transactions(history, "strict-serializable")
    assert names(verdict) == ["G-single-realtime"]
    assert "T1 had ended when T2 began" in verdict.explanation


def test_overlapping_transactions_are_in_no_real_time_order() -> None:
    """Equal times overlap."""
    times = {"T1": {"invoked": 1, "returned": 3}, "T2": {"invoked": 3, "returned": 4}}
    assert judge_transactions(made((Write("x", 1),), (Read("x", 0),), **times), "strict-serializable").holds


def test_strict_serializability_without_times_is_unknown() -> None:
    """What cannot be looked at does not hold."""
    assert judge_transactions(made((Write("x", 1),)), "strict-serializable").unknown
    assert judge_transactions(LOST_UPDATE, "strict-serializable").violated


def test_an_unended_transaction_counts_if_it_was_seen() -> None:
    """Seen by one that counts, directly or through others; else it may not have happened."""
    unended = {"T1": {"status": "info"}, "T2": {"status": "info"}}
    chain = made((Write("x", 1),), (Read("x", 1), Write("y", 1)), (Read("y", 1), Read("x", 0)), **unended)
    assert judge_transactions(chain).violated
    assert judge_transactions(chain[:2]).exercised == 0
    assert judge_transactions((chain[0], *made((Read("x", 0),)))).holds


def test_the_order_of_a_list_is_read_off_it() -> None:
    """Appends stand in the order in which the longest read has them."""
    history = made(
        (Append("x", "b"),), (Append("x", "a"),), (ReadList("x", ["a", "b"]),), (ReadList("x", ["a"]),)
    )
    assert judge_transactions(history).holds
    back = made(
        (Append("x", "b"), Append("y", "b")),
        (Append("x", "a"), Append("y", "a")),
        (ReadList("x", ["a", "b"]), ReadList("y", ["b", "a"])),
    )
    assert names(judge_transactions(back))[0] == "G0"


def test_a_transaction_reads_its_own_appends() -> None:
    """At the end of what it read before."""
    assert judge_transactions(
        made((Append("x", 1),), (ReadList("x", [1]), Append("x", 2), ReadList("x", [1, 2])))
    ).holds
    assert names(judge_transactions(made((Append("x", 1), ReadList("x", []))))) == ["internal"]


def test_an_unknown_order_of_versions_is_found_or_left_unknown() -> None:
    """Values whose order nobody told: some order will do, none will, or nobody knows."""
    one = made((Write("x", "a"),), (Write("x", "b"),), (Read("x", "a"),), (Read("x", "b"),))
    assert judge_transactions(one, "serializable", "unknown").holds
    both = made(
        (Write("x", "a"), Write("y", "a")),
        (Write("x", "b"), Write("y", "b")),
        (Read("x", "a"), Read("y", "b")),
    )
    verdict = judge_transactions(both, "serializable", "unknown")
    assert names(verdict) == ["no version order"]
    many = made(*[(Write("x", each), Write("y", each)) for each in range(1, 9)], (Read("x", 1), Read("y", 2)))
    assert judge_transactions(many, "serializable", "unknown").unknown


def test_what_is_no_history_is_refused() -> None:
    """Versions that are no numbers, mixed uses of a key, overlapping sessions, unknown levels."""
    with pytest.raises(MalformedTransactionsError, match="versions are numbers"):
        judge_transactions(made((Write("x", "a"),)))
    with pytest.raises(MalformedTransactionsError, match="as a register and as a list"):
        judge_transactions(made((Write("x", 1), Append("x", 2))))
    times = {
        "T1": {"session": 1, "invoked": 1, "returned": 3},
        "T2": {"session": 1, "invoked": 2, "returned": 4},
    }
    with pytest.raises(
        MalformedTransactionsError, match="one transaction at a time: T2 began before T1 ended"
    ):
        judge_transactions(made((Write("x", 1),), (Write("x", 2),), **times))
    with pytest.raises(UnknownLevelError, match="there are read-committed"):
        judge_transactions((), "cursor-stability")


def test_the_empty_history_satisfies_every_level() -> None:
    """There is nothing to order."""
    assert all(judge_transactions((), level).holds for level in LEVELS)


class _Tired(CycleSearch):
    """Finds no cycle of a sort."""

    def shortest(self, _sort: Sort) -> Cycle | None:
        """Nothing."""
        return None


def test_a_search_for_the_shortest_that_is_given_up_still_shows_a_cycle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The verdict does not depend on how long cycles are looked for."""
    monkeypatch.setattr("model.judges.isolation.judge.CycleSearch", _Tired)
    for case, level in [
        ("long fork", "snapshot-isolation"),
        ("long fork", "serializable"),
        ("read skew", "serializable"),
    ]:
        verdict = judge_transactions(ANOMALIES[case][0], level)
        assert names(verdict) == ["cycle"]
        assert len(verdict.explanation.splitlines()) > 2


def test_when_an_unended_transaction_was_given_up_says_nothing() -> None:
    """It may take effect later than that."""
    times: dict[str, dict[str, Any]] = {
        "T1": {"invoked": 1, "returned": 2, "status": "info"},
        "T2": {"invoked": 3, "returned": 4},
        "T3": {"invoked": 5, "returned": 6},
    }
    history = made((Write("x", 1),), (Read("x", 0),), (Read("x", 1),), **times)
    assert judge_transactions(history, "strict-serializable").holds
