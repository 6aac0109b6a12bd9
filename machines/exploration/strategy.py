"""The one interface of exploration strategies, the loop that drives one, and the strategies by name.

A strategy is asked for choices by the kernel (`choose`), is told when an execution begins (`begin`), and says
at the end what its executions amount to (`certificate`). One small file per strategy.

A strategy may want to know more, and has more methods then: `found` is called by drivers, through `tell`;
those of `machines.world.recording.Listener` by the kernel, if `traces` is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from machines.exploration.bounded import Bounded
from machines.exploration.certificate import Certificate
from machines.exploration.exhaustive import Exhaustive
from machines.exploration.pct import Pct
from machines.exploration.portfolio import Portfolio
from machines.exploration.pos import Pos
from machines.exploration.random_walk import RandomWalk
from machines.exploration.uniform import Uniform
from machines.world.kernel import Token


class Strategy(Protocol):
    """Chooses the schedules of one exploration."""

    def begin(self) -> bool:
        """Prepare for one more execution; False when there is none left that would be new."""
        ...

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:
        """As `machines.world.kernel.Chooser`."""
        ...

    def certificate(self, executions: int) -> Certificate:
        """What may be claimed now, after `executions` executions that all came to their end."""
        ...


@runtime_checkable
class Learning(Protocol):
    """A strategy that goes by what its executions find."""

    def found(self, new: bool) -> None:  # noqa: FBT001 - one fact, and the only one
        """The execution that is over showed something new (an outcome, or else a schedule), or nothing."""
        ...


class UnknownStrategyError(ValueError):
    """A strategy was asked for by a name that none has."""


STRATEGIES: dict[str, Callable[[int], Strategy]] = {
    "bounded": lambda _seed: Bounded(),
    "exhaustive": lambda _seed: Exhaustive(),
    "pct": Pct,
    "portfolio": Portfolio,
    "pos": Pos,
    "random": RandomWalk,
    "uniform": Uniform,
}
"""Each strategy by its name, made from a seed. (`replay` takes a schedule: `machines.exploration.replay`.)"""


def strategy_named(name: str, seed: int = 0) -> Strategy:
    """A fresh strategy; raises `UnknownStrategyError` that names those there are."""
    try:
        make = STRATEGIES[name]
    except KeyError:
        raise UnknownStrategyError(
            f"no exploration strategy is called {name!r}; there are {', '.join(sorted(STRATEGIES))}"
        ) from None
    return make(seed)


def executions(strategy: Strategy, executions_max: int) -> Iterator[int]:
    """The numbers 0, 1, ... of the executions to make: until the strategy has no more or the budget is spent.

    A consumer that stops early (at a failure) has explored what it was given, and nothing may be claimed.
    """
    for number in range(executions_max):
        if not strategy.begin():
            return
        yield number


def tell(strategy: Strategy, *, new: bool) -> None:
    """Tell a strategy, if it cares, whether the execution that is over showed something new."""
    if isinstance(strategy, Learning):
        strategy.found(new)
