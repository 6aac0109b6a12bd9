"""The specifications of the catalogue, each as one client alone would see it."""

from typing import Any

import pytest

from model.specification import collections, key_value, locks, registers
from model.specification.catalogue import SPECIFICATIONS
from model.specification.cells import Cells
from model.specification.interface import Foresight, RevealingAnswers

RUNS: list[tuple[str, list[tuple[Any, object]]]] = [
    (
        "cas-register",
        [
            (registers.Read("x"), None),
            (registers.Write("x", 1), None),
            (registers.CompareAndSet("x", 2, 3), False),
            (registers.CompareAndSet("x", 1, 3), True),
            (registers.Read("x"), 3),
            (registers.Read("y"), None),
        ],
    ),
    (
        "versioned-register",
        [
            (registers.Read("x"), registers.Versioned(0, None)),
            (registers.Write("x", "a"), 1),
            (registers.Write("x", "a"), 2),
            (registers.CompareAndSet("x", 1, "b"), registers.Conflict(2)),
            (registers.CompareAndSet("x", 2, "b"), 3),
            (registers.Read("x"), registers.Versioned(3, "b")),
        ],
    ),
    (
        "key-value",
        [
            (key_value.Get("x"), ""),
            (key_value.Append("x", "a"), None),
            (key_value.Append("x", "b"), None),
            (key_value.Get("x"), "ab"),
            (key_value.Put("x", "c"), None),
            (key_value.Get("x"), "c"),
        ],
    ),
    (
        "mutex",
        [
            (locks.Acquire("x", "a"), True),
            (locks.Acquire("x", "b"), False),
            (locks.Acquire("x", "a"), False),
            (locks.Release("x", "b"), False),
            (locks.Release("x", "a"), True),
            (locks.Acquire("x", "b"), True),
        ],
    ),
    (
        "lease",
        [
            (locks.Acquire("x", None), 1),
            (locks.Guarded("x", 1), True),
            (locks.Acquire("x", None), 2),
            (locks.Guarded("x", 1), False),
            (locks.Release("x", None, 1), False),
            (locks.Release("x", None, 2), True),
            (locks.Guarded("x", 2), False),
            (locks.Release("x", None, 2), False),
        ],
    ),
    (
        "queue",
        [
            (collections.Dequeue("x"), None),
            (collections.Enqueue("x", 1), None),
            (collections.Enqueue("x", None), None),
            (collections.Dequeue("x"), collections.Front(1)),
            (collections.Dequeue("x"), collections.Front(None)),
            (collections.Dequeue("x"), None),
        ],
    ),
    (
        "set",
        [
            (collections.Add("x", 1), None),
            (collections.Contains("x", 1), True),
            (collections.Members("x"), frozenset([1])),
            (collections.Remove("x", 1), None),
            (collections.Contains("x", 1), False),
            (collections.Members("y"), frozenset()),
        ],
    ),
]


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_a_client_alone_gets_the_answers_of_the_specification(
    name: str, run: list[tuple[Any, object]]
) -> None:
    """One after the other; and what is said to change nothing leaves the very same state."""
    specification = SPECIFICATIONS[name]
    state = specification.initial
    for operation, expected in run:
        after, answer = specification.apply(state, operation)
        assert answer == expected
        revealing = isinstance(specification, RevealingAnswers) and specification.changes_nothing(
            operation, answer
        )
        if revealing or specification.is_observer(operation):
            assert after is state
        state = after


def test_every_specification_but_the_plain_register_was_run() -> None:
    """The plain register is the one with compare-and-set."""
    assert {name for name, _ in RUNS} == SPECIFICATIONS.keys() - {"register"}


def test_a_get_may_still_be_answered_while_the_text_is_its_beginning() -> None:
    """What foresight says of a store: appending never takes anything away, and a put begins anew."""
    store = SPECIFICATIONS["key-value"]
    assert isinstance(store, Foresight)
    state, _ = store.apply(store.initial, key_value.Append("x", "ab"))
    assert store.leads_to(state, key_value.Get("x"), "abc")
    assert not store.leads_to(state, key_value.Get("x"), "b")
    assert store.leads_to(state, key_value.Get("y"), "b")
    assert store.resets(key_value.Put("x", "c"))
    assert not store.resets(key_value.Append("x", "c"))


def test_cells_are_equal_however_they_were_filled() -> None:
    """By contents, with equal hashes."""
    one, other = Cells().with_("x", 1).with_("y", 2), Cells({"y": 2, "x": 1})
    assert one == other
    assert hash(one) == hash(other)
    assert one.with_("x", 3) != other
    assert dict(one) == {"x": 1, "y": 2}
    assert len(one) == 2
    assert one != {"x": 1, "y": 2}
