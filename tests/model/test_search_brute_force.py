"""The search agrees with a checker that tries every order, for every specification in the catalogue."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from attrs import evolve, frozen

from model.history import INDETERMINATE, Call, Failed
from model.judges.linearizability import LinearizabilityJudge
from model.specification import collections, key_value, locks, registers
from model.specification.catalogue import SPECIFICATIONS
from tests.model.small_histories import explained_by, seeded, small_history

_HISTORIES = 2_500


def _register(random: Random) -> Any:
    kind = random.randrange(2)
    return registers.Read("x") if kind else registers.Write("x", random.randrange(3))


def _cas_register(random: Random) -> Any:
    if random.randrange(3):
        return _register(random)
    return registers.CompareAndSet("x", random.randrange(3), random.randrange(3))


def _key_value(random: Random) -> Any:
    key, text = random.choice("xxxy"), random.choice("ab")
    kinds = [key_value.Get(key), key_value.Get(key), key_value.Append(key, text), key_value.Append(key, text)]
    return random.choice([*kinds, key_value.Put(key, text)])


def _mutex(random: Random) -> Any:
    return random.choice([locks.Acquire, locks.Release])("x", random.randrange(2))


def _lease(random: Random) -> Any:
    token = random.randrange(3)
    return random.choice([locks.Acquire("x", 0), locks.Release("x", 0, token), locks.Guarded("x", token)])


def _queue(random: Random) -> Any:
    return random.choice([collections.Enqueue("x", random.randrange(2)), collections.Dequeue("x")])


def _set(random: Random) -> Any:
    value = random.randrange(2)
    changes = [collections.Add("x", value), collections.Add("x", value), collections.Remove("x", value)]
    return random.choice([*changes, collections.Contains("x", value), collections.Members("x")])


OPERATIONS: dict[str, Callable[[Random], Any]] = {
    "register": _register,
    "cas-register": _cas_register,
    "versioned-register": _cas_register,
    "key-value": _key_value,
    "mutex": _mutex,
    "lease": _lease,
    "queue": _queue,
    "set": _set,
}


def drawn(random: Random, name: str) -> tuple[Call, ...]:
    """A history of two to six calls, with few or many unanswered ones and lies."""
    unanswered, lies = random.choice([0.0, 0.25, 0.6]), random.choice([0.1, 0.4, 0.8])
    size = random.randrange(2, 7)
    return small_history(
        random, SPECIFICATIONS[name], OPERATIONS[name], size, unanswered=unanswered, lies=lies
    )


@pytest.mark.parametrize("name", sorted(SPECIFICATIONS))
def test_the_search_agrees_with_brute_force(name: str) -> None:
    """It says holds exactly if some order explains the history, whether or not the history is split."""
    specification = SPECIFICATIONS[name]
    whole = LinearizabilityJudge(specification, partition_from=99, explained=False)
    split = LinearizabilityJudge(specification, partition_from=0, explained=False)
    random = seeded(name)
    met: Counter[bool] = Counter()
    for _ in range(_HISTORIES):
        history = drawn(random, name)
        expected = explained_by(history, specification)
        met[expected] += 1
        assert whole.judge(history, specification.initial).holds == expected, history
        assert split.judge(history, specification.initial).holds == expected, history
    assert min(met[True], met[False]) > _HISTORIES // 20


@frozen
class Loosened:
    """An operation of which any answer will do."""

    operation: Any


@frozen
class Lenient:
    """A specification that answers None to what is loosened; a `free` call never has to happen."""

    inner: Any

    @property
    def initial(self) -> Any:
        """As it was."""
        return self.inner.initial

    def apply(self, state: Any, operation: Any) -> tuple[Any, object]:
        """The same effect."""
        if isinstance(operation, Loosened):
            return self.inner.apply(state, operation.operation)[0], None
        after: tuple[Any, object] = self.inner.apply(state, operation)
        return after


@pytest.mark.parametrize("name", ["cas-register", "key-value", "queue", "mutex"])
def test_a_witness_with_its_support_is_a_reason(name: str) -> None:
    """With any other answers elsewhere, and all other effects at any time or never, it is as inexplicable."""
    specification = SPECIFICATIONS[name]
    random = seeded(f"witness {name}")
    judge = LinearizabilityJudge(specification)
    seen = 0
    for _ in range(500):
        history = drawn(random, name)
        verdict = judge.judge(history, specification.initial)
        if not verdict.violated:
            continue
        seen += 1
        assert verdict.minimal
        needed = {*verdict.witness, *verdict.support}
        loosened = _loosened(history, set(verdict.witness), needed)
        ends = {call.returned for call in history if call.returned is not None}
        # What was called after the contradiction was complete is no part of it.
        assert any(
            not explained_by(
                [made for made, call in zip(loosened, history, strict=True) if call.invoked <= end],
                Lenient(specification),  # type: ignore[arg-type] # it has all that brute force needs
            )
            for end in ends
        )
    assert seen > 20


def _loosened(history: tuple[Call, ...], answers: set[int], effects: set[int]) -> list[Call]:
    """Calls keep their answers, or their times only, or neither."""
    made = []
    for index, call in enumerate(history):
        if index in answers:
            made.append(call)
        elif index in effects:
            answer = None if call.answered else call.result
            made.append(evolve(call, operation=Loosened(call.operation), result=answer))
        elif isinstance(call.result, Failed):
            made.append(call)
        else:
            made.append(Call(call.process, Loosened(call.operation), -99, None, INDETERMINATE))
    return made
