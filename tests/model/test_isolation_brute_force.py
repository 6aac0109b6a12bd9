"""The judge of transactions agrees with definitions of the levels that know nothing of graphs."""

from collections import Counter

import pytest

from model.judges.isolation.judge import judge_transactions
from tests.model.small_histories import seeded
from tests.model.small_transactions import satisfies, small_transactions

_HISTORIES = 700
_LEVELS = ["serializable", "strong-session-serializable", "strict-serializable", "snapshot-isolation"]


@pytest.mark.parametrize("level", ["read-committed", *_LEVELS])
def test_registers_agree_with_brute_force(level: str) -> None:
    """Versions that are numbers leave nothing unknown."""
    random = seeded(f"registers {level}")
    met: Counter[bool] = Counter()
    for _ in range(_HISTORIES):
        history = small_transactions(random, random.randrange(2, 5))
        expected = satisfies(history, level)
        met[expected] += 1
        verdict = judge_transactions(history, level)
        assert (verdict.holds, verdict.violated) == (expected, not expected), history
    assert min(met[True], met[False]) > _HISTORIES // 10


@pytest.mark.parametrize("level", _LEVELS)
def test_lists_agree_with_brute_force(level: str) -> None:
    """Elements that nobody read may stand in any order, and in small histories all are tried."""
    random = seeded(f"lists {level}")
    met: Counter[bool] = Counter()
    for _ in range(_HISTORIES):
        history = small_transactions(random, random.randrange(2, 5), lists=True)
        expected = satisfies(history, level)
        met[expected] += 1
        verdict = judge_transactions(history, level)
        assert (verdict.holds, verdict.violated) == (expected, not expected), history
    assert min(met[True], met[False]) > _HISTORIES // 10


@pytest.mark.parametrize("level", ["read-committed", *_LEVELS])
def test_values_without_an_order_agree_with_brute_force(level: str) -> None:
    """Where versions are only told apart; where too many orders are possible it is unknown."""
    random = seeded(f"values {level}")
    unknown = 0
    for _ in range(_HISTORIES):
        history = small_transactions(random, random.randrange(2, 5))
        expected = satisfies(history, level, numbered=False)
        verdict = judge_transactions(history, level, "unknown")
        unknown += verdict.unknown
        assert verdict.unknown or (verdict.holds, verdict.violated) == (expected, not expected), history
    assert unknown < _HISTORIES // 50
