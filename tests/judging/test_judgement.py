"""Histories from outside get the verdict of the judge that they are for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from machines.judging.errors import BadInputError
from machines.judging.judgement import Judged, Question, judge_lines
from model.specification.catalogue import SPECIFICATIONS
from tests.judging.histories import GOOD, STALE_READ, done, event


def judged(lines: Sequence[str], specification: str, **more: Any) -> Judged:
    """The judgement of linearizability."""
    return judge_lines(lines, Question("linearizability", specification, **more))


# By specification: a history that holds, and one that does not.
HISTORIES: dict[str, tuple[list[str], list[str]]] = {
    "register": (GOOD, STALE_READ),
    "cas-register": (
        [*done(1, "cas", [None, 5], None), *done(2, "read", None, 5)],
        [*done(1, "cas", [4, 5], None), *done(2, "read", None, 5)],
    ),
    "versioned-register": (
        [
            *done(1, "write", "a", 1),
            *done(2, "cas", [1, "b"], {"version": 2}),
            *done(3, "cas", [1, "c"], 2, "fail"),
            *done(4, "read", None, {"version": 2, "value": "b"}),
        ],
        [*done(1, "write", "a", 1), *done(2, "read", None, None)],
    ),
    "key-value": (
        [*done(1, "put", "a", None), *done(2, "append", "b", None), *done(3, "get", None, "ab")],
        [*done(1, "put", "a", None), *done(2, "append", "b", None), *done(3, "get", None, "ba")],
    ),
    "mutex": (
        [*done(1, "acquire", None, None), *done(1, "release", None, None), *done(2, "acquire", None, None)],
        [*done(1, "acquire", None, None), *done(2, "acquire", None, None)],
    ),
    "lease": (
        [*done(1, "acquire", None, 10), *done(1, "use", 10, None), *done(2, "acquire", None, {"token": 13})],
        [*done(1, "acquire", None, 10), *done(2, "acquire", None, 13), *done(1, "use", 10, None)],
    ),
    "queue": (
        [*done(1, "enqueue", 5, None), *done(2, "dequeue", None, 5), *done(2, "dequeue", None, None)],
        [*done(1, "enqueue", 5, None), *done(2, "dequeue", None, None)],
    ),
    "set": (
        [*done(1, "add", 5, None), *done(2, "contains", 5, True), *done(3, "read", None, [5])],  # noqa: FBT003 - an answer
        [*done(1, "add", 5, None), *done(2, "remove", 5, None), *done(3, "read", None, [5])],
    ),
}


@pytest.mark.parametrize("name", sorted(SPECIFICATIONS))
def test_every_specification_judges_histories_from_outside(name: str) -> None:
    """One that holds and one that does not."""
    good, bad = HISTORIES[name]
    assert judged(good, name).verdict.holds
    assert judged(bad, name).verdict.violated


def test_true_is_not_one() -> None:
    """JSON tells them apart, and so does the judge."""
    assert judged([*done(1, "write", 1, None), *done(2, "read", None, True)], "register").verdict.violated  # noqa: FBT003 - a value
    assert judged([*done(1, "write", [1], None), *done(2, "read", None, [1])], "register").verdict.holds


def test_keys_are_judged_apart() -> None:
    """A write of one key is not seen under another."""
    lines = [*done(1, "write", 5, None, key="x"), *done(2, "read", None, None, key="y")]
    assert judged(lines, "register").verdict.holds


def test_a_failed_compare_and_set_means_what_the_user_says() -> None:
    """It looked and found another value, which may be impossible; or it did nothing."""
    lines = [*done(1, "write", 5, None), *done(2, "cas", [5, 6], None, "fail")]
    assert judged(lines, "cas-register").verdict.holds
    assert judged(lines, "cas-register", failed_cas="compared").verdict.violated


def test_a_call_without_an_answer_may_have_happened() -> None:
    """Both one that ends in info and one that never ends."""
    for lost in ([event(1, "invoke", "write", 5)], done(1, "write", 5, None, "info")):
        assert judged([*lost, *done(2, "read", None, 5)], "register").verdict.holds
        assert judged([*lost, *done(2, "read", None, None)], "register").verdict.holds


def test_a_search_may_give_up() -> None:
    """Then it is unknown."""
    lines = [event(each, "invoke", "write", each) for each in range(9)]
    lines += [event(each, "ok", "write", None) for each in range(9)]
    assert judged([*lines, *done(9, "read", None, 77)], "register", steps_max=20).verdict.unknown


TRANSACTIONS = [
    {"session": 1, "status": "ok", "ops": [["r", "x", None], ["w", "x", 1]], "start": 1, "end": 2},
    {"session": 2, "status": "ok", "ops": [["r", "x", None], ["w", "x", 2]], "start": 1, "end": 2},
]


def transactions(rows: Sequence[dict[str, Any]], **more: Any) -> Judged:
    """The judgement of transactions."""
    return judge_lines([json.dumps(row) for row in rows], Question("transactions", **more))


def test_transactions_are_judged_by_level() -> None:
    """A lost update is allowed at read committed only."""
    assert transactions(TRANSACTIONS).details["anomalies"] == ["G-single"]
    assert transactions(TRANSACTIONS, level="read-committed").verdict.holds
    assert transactions(TRANSACTIONS, level="strict-serializable").verdict.violated


def test_transactions_may_come_as_events() -> None:
    """As Jepsen has them: their order is that of the events, their values are those of the completions."""
    lines = [
        *done(1, "txn", [["append", "x", 1]], [["append", "x", 1]]),
        *done(2, "txn", [["r", "x", None]], [["r", "x", []]]),
        event(3, "invoke", "txn", [["append", "x", 2], ["r", "x", None]]),
    ]
    assert judge_lines(lines, Question("transactions")).verdict.holds
    assert judge_lines(lines, Question("transactions", level="strict-serializable")).verdict.violated


def test_transactions_on_values_of_unknown_order_are_judged() -> None:
    """As registers whose versions are only told apart."""
    rows = [
        {"ops": [["w", "x", "a"]]},
        {"ops": [["r", "x", "a"], ["w", "x", "b"]]},
        {"ops": [["r", "x", "b"]]},
    ]
    assert transactions(rows, specification="register").verdict.holds


def test_sessions_are_judged_by_versions() -> None:
    """A process that reads backwards; and how far behind a read may be, by time."""
    lines = [
        *done(1, "write", "a", 1, time=1),
        *done(2, "read", None, 1, time=2),
        *done(2, "read", None, None, time=9),
    ]
    found = judge_lines(lines, Question("sessions"))
    assert found.verdict.explanation.startswith("monotonic reads: ")
    assert found.witness == (1, 2)
    other = [*lines[:2], *done(3, "read", None, None, time=9)]
    assert judge_lines(other, Question("sessions")).verdict.holds
    assert judge_lines(other, Question("sessions", staleness=5)).verdict.violated


def test_locks_are_judged_by_answers_and_times() -> None:
    """Two holders at a time by what they knew; leases that end do not overlap."""

    def held(until: float) -> list[str]:
        first = done(1, "acquire", None, {"token": 1, "until": until}, time=1)
        return [*first, *done(2, "acquire", None, {"token": 2}, time=5)]

    assert judge_lines(held(5), Question("locks")).verdict.holds
    found = judge_lines(held(6), Question("locks"))
    assert (
        found.verdict.explanation
        == "two holders at a time\n  1 held None from 1 to 6\n  2 held None from 5 on"
    )


@pytest.mark.parametrize(
    ("specification", "lines", "reason"),
    [
        ("", GOOD, "name a specification: register, cas-register, "),
        ("key-value", GOOD, "line 1: a key-value has no 'write'; it has append, get, put"),
        ("cas-register", done(1, "cas", 5, None), "line 1: value is 5, and should be a list of two"),
        ("versioned-register", done(1, "write", 5, "a"), "line 2: value is 'a', and should tell the version"),
        ("versioned-register", done(1, "cas", ["a", 5], 1), "line 1: a version is a number, not 'a'"),
        ("key-value", done(1, "put", 5, None), "line 1: value is 5, and should be a text"),
        ("lease", done(1, "acquire", None, None), "line 2: value is None, and should tell the token"),
        ("set", done(1, "read", None, 5), "line 2: value is 5, and should be the list of members"),
        ("set", done(1, "contains", 5, 1), "line 2: value is 1, and should be true or false"),
    ],
)
def test_what_a_specification_cannot_take_is_refused(
    specification: str, lines: list[str], reason: str
) -> None:
    """With the line and what it should be."""
    with pytest.raises(BadInputError, match=f"^{reason}"):
        judged(lines, specification)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"session": 1}, "line 1: the field 'ops' is missing"),
        ({"ops": [["x", "x", 1]]}, "line 1: not an operation: "),
        ({"ops": [["r", "x"]]}, "line 1: not an operation: "),
        ({"ops": [], "status": "done"}, "line 1: status is 'done'"),
        ({"ops": [], "start": 1}, "line 1: of start and end only one is given"),
        ({"ops": [], "start": "x", "end": 1}, "line 1: start is 'x', and should be a number"),
        (
            {"ops": [["append", "x", 1], ["w", "x", 2]]},
            "line 1: x is a list elsewhere, and is written whole here",
        ),
        ({"ops": [["w", "x", "a"]]}, "the transactions make no history: versions are numbers"),
    ],
)
def test_what_is_no_transaction_is_refused(row: dict[str, Any], reason: str) -> None:
    """With the line where there is one."""
    with pytest.raises(BadInputError, match=f"^{reason}"):
        transactions([row])


def test_an_unknown_level_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(BadInputError, match="there are read-committed, "):
        transactions(TRANSACTIONS, level="best-effort")
