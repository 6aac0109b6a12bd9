"""`@every_interleaving`: makes an async test function a pytest test of all its interleavings.

A search that ended before it was complete is no pass: the test fails and says what was covered, since a green
test would read as a proof. Who chooses a strategy that samples has said that a sample is enough, and there it
passes; `incomplete` decides otherwise where that is not meant.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Literal, overload

from machines.explore.result import Exploration
from machines.explore.running import Check
from machines.explore.searching import EXECUTIONS, SYSTEMATIC, VIRTUAL_SECONDS, Footprints, explore, replay

AsyncTest = Callable[..., Awaitable[Any]]
Test = Callable[..., None]


class InterleavingFailed(AssertionError):  # noqa: N818 - read as a sentence by pytest
    """An interleaving of the test fails; the text is the report, `exploration` the whole result."""

    def __init__(self, exploration: Exploration) -> None:
        super().__init__(str(exploration))
        self.exploration = exploration


class IncompleteSearch(AssertionError):  # noqa: N818 - read as a sentence by pytest
    """Nothing failed, but not every interleaving was executed."""

    def __init__(self, exploration: Exploration) -> None:
        remedy = (
            "raise executions=, bound it with preemptions=, choose a strategy that samples, such as "
            "strategy='portfolio', or accept the gap with incomplete='pass'"
        )
        super().__init__(f"{exploration}\n\nA search that is not complete does not pass: {remedy}.")
        self.exploration = exploration


@overload
def every_interleaving(function: AsyncTest, /) -> Test: ...
@overload
def every_interleaving(
    *,
    strategy: str = ...,
    executions: int = ...,
    preemptions: int | None = ...,
    seed: int = ...,
    footprints: Footprints = ...,
    virtual_seconds: float = ...,
    check: Check | None = ...,
    incomplete: Literal["fail", "pass"] | None = ...,
    replay: str | None = ...,
) -> Callable[[AsyncTest], Test]: ...


def every_interleaving(
    function: AsyncTest | None = None,
    /,
    *,
    strategy: str = "exhaustive",
    executions: int = EXECUTIONS,
    preemptions: int | None = None,
    seed: int = 0,
    footprints: Footprints = "unknown",
    virtual_seconds: float = VIRTUAL_SECONDS,
    check: Check | None = None,
    incomplete: Literal["fail", "pass"] | None = None,
    replay: str | None = None,  # noqa: A002, RUF100 - the word on the command line too
) -> Any:
    """Run the async test under every interleaving; options are those of `explore`.

    Fixtures are made once and shared by all executions. Raises `InterleavingFailed` with the report; and
    `IncompleteSearch` if the budget ended first, unless a sampling strategy was chosen or
    `incomplete="pass"`. With `replay`, a token from a report, only that execution is run.
    """
    if incomplete not in (None, "fail", "pass"):
        raise ValueError(f"incomplete is 'fail' or 'pass', not {incomplete!r}")

    def run(scenario: Callable[[], Awaitable[Any]]) -> None:
        __tracebackhide__ = True
        if replay is not None:
            result = _replayed(scenario, replay, check)
        else:
            result = explore(
                scenario,
                strategy=strategy,
                executions=executions,
                preemptions=preemptions,
                seed=seed,
                footprints=footprints,
                virtual_seconds=virtual_seconds,
                check=check,
            )
        if result.failure is not None:
            raise InterleavingFailed(result) from None
        if result.problem or (result.verdict == "unknown" and replay is None and _must_be_complete()):
            raise IncompleteSearch(result)

    def _must_be_complete() -> bool:
        return incomplete == "fail" or (incomplete is None and strategy in SYSTEMATIC)

    def decorate(test: AsyncTest) -> Test:
        @functools.wraps(test)
        def every_interleaving_of_it(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            run(functools.partial(test, *args, **kwargs))

        return every_interleaving_of_it

    return decorate if function is None else decorate(function)


def _replayed(scenario: Callable[[], Awaitable[Any]], token: str, check: Check | None) -> Exploration:
    return replay(scenario, token, check=check)
