"""Runs a program once: one execution under one chooser, and what came of it."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import outcome
from attrs import define, field, frozen

from machines.explore.result import Kind, Reason, without_addresses
from machines.explore.spinning import SpinningExecution
from machines.explore.state import is_library
from machines.world.choices import Chooser, Observer, Token
from machines.world.errors import (
    DeadlockError,
    ExecutionError,
    HangError,
    LeftoverTasksError,
    LivelockError,
    RefusedError,
    StepLimitError,
    TaskFailedError,
    UnawaitedCoroutineError,
)
from machines.world.kernel import STEPS_MAX, Execution, Loop
from machines.world.recording import Recorder

Scenario = Callable[[], Awaitable[Any]]
Check = Callable[[Any], Any]

_KINDS: dict[type[ExecutionError], Kind] = {
    DeadlockError: "deadlock",
    HangError: "hang",
    LeftoverTasksError: "leftovers",
    LivelockError: "livelock",
    RefusedError: "refused",
    StepLimitError: "step limit",
    UnawaitedCoroutineError: "unawaited",
}
_FROM_A_THREAD = "this is a blocking function; call it from a thread"


class CheckFailedError(AssertionError):
    """`check` returned False for an outcome."""


@frozen(slots=True)
class Mode:
    """How executions are made: whether spinning tasks rest, and after how many steps one is cut off."""

    spinning: bool = False
    steps_max: int = STEPS_MAX


@define(eq=False, slots=True)
class Ended:
    """An execution that is over: its schedule, what the program returned or why it failed.

    `unfair_left_out`: schedules were left out for the sake of fairness; `cycles`: how often an old state came
    back.
    """

    tokens: tuple[Token, ...]
    switches: int
    preemptions: int
    value: Any = None
    error: BaseException | None = None
    unfair_left_out: bool = False
    cycles: int = 0

    @property
    def outcome(self) -> str:
        """The text by which outcomes are told apart."""
        return without_addresses(repr(self.value))


@define(eq=False)
class Program:
    """A scenario, and what is the same for all its executions.

    State: the value that the execution under way has returned, if any; the names of the functions that were
    `inlined`.
    """

    scenario: Scenario
    name: str
    loop: Loop
    virtual_seconds: float
    check: Check | None = None
    inlined: dict[str, None] = field(factory=dict)
    _returned: list[Any] = field(factory=list)

    async def _main(self) -> None:
        self._returned.append(await self.scenario())

    def run(
        self,
        chooser: Chooser,
        mode: Mode,
        *,
        recorder: Recorder | None = None,
        observer: Observer | None = None,
        begun: Callable[[Execution], None] | None = None,
    ) -> Ended:
        """Execute it once, afresh; `begun` is handed the execution before its first step."""
        make = SpinningExecution if mode.spinning else Execution
        execution = make(
            self.loop,
            chooser,
            mode.steps_max,
            observer,
            recorder=recorder,
            seconds_max=self.virtual_seconds,
        )
        execution.spawn(self.name, self._main)
        if begun is not None:
            begun(execution)
        returned = self._returned
        returned.clear()
        error: BaseException | None = None
        try:
            execution.run()
        except ExecutionError as failed:
            refused = self.loop.guards.refused
            error = refused[0] if refused else failed
        ended = Ended(
            tuple(execution.tokens),
            execution.switches,
            execution.preemptions,
            returned.pop() if returned else None,
        )
        ended.error = error
        if isinstance(execution, SpinningExecution):
            ended.unfair_left_out, ended.cycles = execution.unfair_left_out, execution.cycles
        if error is None and self.check is not None:
            ended.error = self._checked(ended.value)
        return ended

    def _checked(self, value: Any) -> BaseException | None:
        """What `check` has against an outcome."""
        assert self.check is not None
        try:
            verdict = self.check(value)
        except Exception as error:  # noqa: BLE001 - whatever it raises is its judgement
            return CheckFailedRaising(error)
        if inspect.iscoroutine(verdict):
            verdict.close()
            raise TypeError("check must be a plain function: it is called when the execution is over")
        if verdict is False:
            return CheckFailedError(f"check({without_addresses(repr(value))}) is False")
        return None

    def run_in_thread(self, function: Callable[[], Any], deliver: Callable[[Any], object]) -> None:
        """Instead of a thread: run the function now, inside the step."""
        self.inlined.setdefault(_meant(function))
        result = outcome.capture(function)
        if isinstance(result, outcome.Error) and _FROM_A_THREAD in str(result.error):
            self.loop.guards.refusal("trio.from_thread, in a function that runs inline,", "thread")
        deliver(result)


class CheckFailedRaising(Exception):  # noqa: N818 - carries what `check` raised
    """`check` raised `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _meant(function: Any) -> str:
    """The name of the function that a thread was to run, under the wrappers of trio and anyio."""
    for _ in range(10):
        code = getattr(function, "__code__", None)
        cells = dict(
            zip(getattr(code, "co_freevars", ()), getattr(function, "__closure__", None) or (), strict=False)
        )
        inner = cells.get("sync_fn") or cells.get("func")
        if (
            inner is not None
            and callable(inner.cell_contents)
            and is_library(getattr(code, "co_filename", None))
        ):
            function = inner.cell_contents
        elif hasattr(function, "func"):
            function = function.func
        else:
            break
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)


# -- why it failed


def reason_of(error: BaseException) -> Reason:
    """The reason that makes two failures the same."""
    if isinstance(error, CheckFailedError):
        return Reason("check", str(error))
    if isinstance(error, CheckFailedRaising):
        raised = error.error
        return Reason("check", _message(raised), type(raised).__name__, _where(raised))
    kind = _KINDS.get(type(error))  # type: ignore[arg-type] # a type that is none of these has no kind
    if kind is not None:
        return Reason(kind, without_addresses(str(error)))
    leaves = raised_by(error)
    names = " and ".join(type(leaf).__name__ for leaf in leaves)
    return Reason("raises", " and ".join(map(_message, leaves)), names, " and ".join(map(_where, leaves)))


def raised_by(error: BaseException) -> list[BaseException]:
    """The exceptions of the program itself, out of what the kernel made of them."""
    if isinstance(error, CheckFailedRaising):
        return [error.error]
    if isinstance(error, TaskFailedError) and error.__cause__ is not None:
        return list(_leaves(error.__cause__))
    return [error]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _message(error: BaseException) -> str:
    return without_addresses(str(error))


def _where(error: BaseException) -> str:
    """The innermost line of the program itself that an exception passed."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not is_library(frame.filename)] or list(frames)
    if not own:
        return ""
    path = own[-1].filename.replace("\\", "/").split("/")
    return f"{'/'.join(path[-2:])}:{own[-1].lineno}"
