"""What samplers share: faults fall anywhere, and as often late as early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable

import pytest

from machines.exploration.sampling import Sampling
from machines.exploration.strategy import strategy_named
from machines.world.kernel import END, Execution
from tests.exploration.measuring import Strike, chi_square, share, struck
from tests.world.programs import Program, explored, of_tasks, plain, steps

SAMPLERS = ("pct", "pos", "random", "uniform")


def places(name: str, program: Program, executions: int) -> list[int | None]:
    """After how many steps the fault happened in each execution; None where it did not."""
    runs = explored(strategy_named(name, 5), program, executions)
    return [run.tokens.index("strike") if "strike" in run.tokens else None for run in runs]


@pytest.mark.parametrize("name", SAMPLERS)
def test_fault_is_as_likely_at_each_point(name: str) -> None:
    """Before each of eight steps and after the last, a fault happens equally often."""
    counts = Counter(place for place in places(name, struck(plain(2, 4)), 2000) if place is not None)
    assert counts.keys() == set(range(9))
    assert chi_square(counts.values(), 9) < 3


@pytest.mark.parametrize("name", SAMPLERS)
def test_half_of_the_executions_have_no_fault(name: str) -> None:
    """Bugs that need no fault get as many executions as those that do."""
    assert 0.45 < share(place is None for place in places(name, struck(plain(3, 3)), 1000)) < 0.55


@pytest.mark.parametrize("name", SAMPLERS)
def test_fault_beside_a_single_task_falls_anywhere(name: str) -> None:
    """Where no two tasks compete the fault is the only choice, and a fair one too."""
    counts = Counter(place for place in places(name, struck(of_tasks(steps(6))), 1400) if place is not None)
    assert counts.keys() == set(range(7))
    assert chi_square(counts.values(), 7) < 3


def two_faults(execution: Execution) -> Callable[[], Hashable]:
    """Two tasks, and two faults that may both happen."""
    read = plain(2, 3)(execution)
    execution.actions += [Strike("strike"), Strike("stroke")]
    return read


@pytest.mark.parametrize("name", SAMPLERS)
def test_faults_may_happen_together(name: str) -> None:
    """A second fault comes after a first one in part of the executions, and either may be the first."""
    runs = explored(strategy_named(name), two_faults, 600)
    orders = Counter(tuple(token for token in run.tokens if token in ("strike", "stroke")) for run in runs)
    assert len(orders) == 5
    assert min(orders.values()) > 30


def falling(execution: Execution) -> Callable[[], Hashable]:
    """A task beside another in whose last step a disk falls in one of three ways."""
    ways: list[str] = []

    async def fall() -> None:
        ways.append(execution.variant(["kept", "torn", "lost"]))

    execution.spawn("fall", fall)
    execution.spawn("step", steps(2))
    return lambda: ways[0]


@pytest.mark.parametrize("name", SAMPLERS)
def test_variants_are_equally_likely(name: str) -> None:
    """How a fault falls is drawn evenly."""
    counts = Counter(run.outcome for run in explored(strategy_named(name), falling, 600))
    assert chi_square(counts.values(), 3) < 3


def test_late_points_of_a_long_execution_are_not_spared() -> None:
    """Beyond what was expected a fault still happens, with the chance that it had last."""
    sampling = Sampling.seeded(1)
    seen = []
    for _ in range(400):
        sampling.begin()
        choices = 0
        while sampling.outside([0, "strike"], 1) == 0 and choices < 400:
            choices += 1
        seen.append(choices)
    assert max(seen) > 64
    assert min(seen) == 0


def test_the_end_counts_as_a_point() -> None:
    """Where a fault can only happen at the end, it does in part of the executions."""
    sampling = Sampling.seeded(1)
    ends = []
    for _ in range(200):
        sampling.begin()
        ends.append(sampling.outside([END, "strike"], 0))
        sampling.end()
    assert 0.3 < share(end == 0 for end in ends) < 0.7
