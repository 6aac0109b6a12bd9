"""The sweep agrees with brute force and with the search on thousands of small histories."""

from collections import Counter
from functools import partial
from random import Random
from typing import Any

import pytest
from attrs import evolve

from model.history import Call
from model.judges.linearizability import LinearizabilityJudge
from model.judges.registers import judge_versioned
from model.specification.registers import (
    UNTOLD,
    CompareAndSet,
    Conflict,
    Read,
    Versioned,
    VersionedRegisterSpecification,
    Write,
)
from tests.model.small_histories import explained_by, seeded, small_history

REGISTERS = VersionedRegisterSpecification()
_HISTORIES = 5_000


def operation(random: Random, compared: float) -> Any:
    """A read, a write, or a compare-and-set with a version that is sometimes right."""
    if random.random() < compared:
        return CompareAndSet("x", random.randrange(3), random.randrange(2))
    return Write("x", random.randrange(2)) if random.random() < 0.6 else Read("x")


def drawn(random: Random, compared: float) -> tuple[Call, ...]:
    """A history of two to six calls, with few or many unanswered ones and lies."""
    unanswered, lies = random.choice([0.0, 0.25, 0.6]), random.choice([0.1, 0.4, 0.8])

    def asked(random: Random) -> Any:
        return operation(random, compared)

    return small_history(random, REGISTERS, asked, random.randrange(2, 7), unanswered=unanswered, lies=lies)


@pytest.mark.parametrize("compared", [0.2, 0.6])
def test_the_sweep_agrees_with_brute_force_and_search(compared: float) -> None:
    """It holds exactly if some order explains the history."""
    random = seeded(f"sweep {compared}")
    search = LinearizabilityJudge(REGISTERS, explained=False)
    met: Counter[bool] = Counter()
    for _ in range(_HISTORIES):
        history = drawn(random, compared)
        expected = explained_by(history, REGISTERS)
        met[expected] += 1
        assert judge_versioned(history).holds == expected, history
        assert search.judge(history, REGISTERS.initial).holds == expected, history
    assert min(met[True], met[False]) > _HISTORIES // 4


def _agree(answer: object, wanted: object) -> bool:
    if isinstance(wanted, Conflict) and wanted.current is None:
        return isinstance(answer, Conflict)
    if isinstance(wanted, Versioned) and wanted.value is UNTOLD:
        return isinstance(answer, Versioned) and answer.version == wanted.version
    return answer == wanted


@pytest.mark.parametrize("compared", [0.2, 0.6])
def test_answers_that_tell_less_are_judged_as_exactly(compared: float) -> None:
    """Reads that tell no value and conflicts that tell no version: still no search, and no mistake."""
    random = seeded(f"untold {compared}")
    met: Counter[bool] = Counter()
    for _ in range(_HISTORIES):
        history = [_silenced(random, call) for call in drawn(random, compared)]
        expected = explained_by(history, REGISTERS, _agree)
        met[expected] += 1
        assert judge_versioned(history).holds == expected, history
    assert min(met[True], met[False]) > _HISTORIES // 5


def _silenced(random: Random, call: Call) -> Call:
    if isinstance(call.result, Conflict) and random.random() < 0.6:
        return evolve(call, result=Conflict(None))
    if isinstance(call.result, Versioned) and random.random() < 0.5:
        return evolve(call, result=evolve(call.result, value=UNTOLD))
    return call


def test_a_clash_of_two_answers_is_a_clash_without_the_other_answers() -> None:
    """Brute force cannot explain the clashing calls either, whatever the other answered calls answered."""
    random = seeded("clash")
    seen = 0
    for _ in range(1_500):
        history = drawn(random, 0.4)
        verdict = judge_versioned(history)
        if verdict.violated and len(verdict.clash) == 2:
            seen += 1
            told = [history[index].result for index in verdict.clash]
            assert not explained_by(history, REGISTERS, partial(_agrees_or_is_not_told, told))
    assert seen > 100


def _agrees_or_is_not_told(told: list[object], answer: object, wanted: object) -> bool:
    return answer == wanted or not any(wanted is each for each in told)
