"""`explore`: every interleaving of a program, or as many as the budget allows; the first failure explained.

How long an execution may take is not known beforehand, and a program that busy-waits may go on for ever.
Executions are first made with a small step limit. One that reaches it is repeated under watch: if old states
come back, the search begins again with spinning tasks at rest (`machines.explore.spinning`), otherwise with
the kernel's own limit. So programs that do not spin never pay for the watching.
"""

from __future__ import annotations

import gc
import inspect
import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, cast

import trio
from attrs import define, field, frozen

from machines.exploration.certificate import Certificate
from machines.exploration.replay import Replay
from machines.exploration.schedule import Schedule
from machines.exploration.strategy import Learning, Strategy, strategy_named, tell
from machines.explore.explaining import explained
from machines.explore.replay_token import ReplayToken, ReplayTokenError, source_of
from machines.explore.result import Exploration, Failure, Outcome, Verdict
from machines.explore.running import Check, Ended, Mode, Program, Scenario
from machines.world.errors import NondeterminismError, ScheduleDivergedError, StepLimitError
from machines.world.kernel import STEPS_MAX, loop
from machines.world.recording import Listener, Recorder

Footprints = Literal["unknown", "declared"]

EXECUTIONS = 10_000
VIRTUAL_SECONDS = 10_000.0
SUSPICIOUS_STEPS = 300
"""An execution of more steps is looked at: most scenarios of a test are done sooner."""

SYSTEMATIC = ("bounded", "exhaustive")
"""The strategies that can come to an end; the others are samples by their nature."""

_COLLECT_EVERY = 2_000
_NO_THREAD_NOTE = "functions meant for threads ran inline, each as one step"


@frozen
class Options:
    """What `explore` was asked for; raises `ValueError` in one line where that makes no sense."""

    strategy: str
    executions: int
    preemptions: int | None
    seed: int
    footprints: Footprints
    virtual_seconds: float

    def __attrs_post_init__(self) -> None:
        strategy_named(self.strategy, 0)
        if self.executions < 1:
            raise ValueError(f"the number of executions must be at least 1, not {self.executions}")
        if not self.virtual_seconds > 0 or math.isinf(self.virtual_seconds):
            raise ValueError(
                f"the virtual seconds must be a finite number above 0, not {self.virtual_seconds}"
            )
        if self.footprints not in ("unknown", "declared"):
            raise ValueError(f"footprints are 'unknown' or 'declared', not {self.footprints!r}")
        if self.preemptions is None:
            return
        if self.preemptions < 0:
            raise ValueError(f"the number of preemptions must be at least 0, not {self.preemptions}")
        if self.strategy not in SYSTEMATIC:
            raise ValueError(
                f"a bound of preemptions goes with no strategy or 'bounded', not {self.strategy!r}"
            )

    @property
    def strategy_used(self) -> str:
        """The strategy that is really used: a bound of preemptions is what `bounded` is for."""
        return self.strategy if self.preemptions is None else "bounded"


def explore(
    scenario: Scenario,
    *,
    strategy: str = "exhaustive",
    executions: int = EXECUTIONS,
    preemptions: int | None = None,
    seed: int = 0,
    footprints: Footprints = "unknown",
    virtual_seconds: float = VIRTUAL_SECONDS,
    check: Check | None = None,
) -> Exploration:
    """Run `async def scenario()` afresh under one schedule after another, until it fails or nothing is left.

    It fails if it raises, deadlocks, leaves tasks behind, spins without end, has not ended after
    `virtual_seconds`, or if `check(outcome)`, called with what it returned, raises or returns False. At most
    `executions` are made. `footprints="declared"` promises that its tasks share nothing but trio's primitives
    and `Shared` variables.

    The verdict is `holds` only with a certificate of completeness (to `preemptions`, if that many were asked
    for), and `unknown` where the budget ended first. Raises `ValueError` for options that make no sense, and
    `RuntimeError` inside a running trio.
    """
    options = Options(strategy, executions, preemptions, seed, footprints, virtual_seconds)
    program = _program(scenario, virtual_seconds, check)
    return _Search(options, program, source_of(scenario)).run()


def replay(
    scenario: Scenario, token: str, *, check: Check | None = None, virtual_seconds: float | None = None
) -> Exploration:
    """Run exactly the execution of a replay token: the verdict is `fails`, or `unknown` if it passes.

    Raises `ReplayTokenError` if the token is damaged, if the file of the program is not the one that it was
    made with, or if the program does not offer what the schedule asks for.
    """
    parsed = ReplayToken.parse(token)
    if parsed.source != source_of(scenario):
        raise ReplayTokenError("the program's file has changed since the replay token was made")
    seconds = parsed.virtual_seconds if virtual_seconds is None else virtual_seconds
    options = Options("exhaustive", 1, None, 0, "unknown", seconds)
    return _Search(options, _program(scenario, seconds, check), parsed.source).repeat(parsed)


def _program(scenario: Scenario, virtual_seconds: float, check: Check | None) -> Program:
    plain = getattr(scenario, "func", scenario)
    called = getattr(plain, "__call__", None)  # noqa: B004 - an object whose __call__ is async will do as well
    if not (inspect.iscoroutinefunction(plain) or inspect.iscoroutinefunction(called)):
        raise TypeError(f"the scenario must be an async function, not {scenario!r}")
    try:
        trio.lowlevel.current_trio_token()
    except RuntimeError:
        name = getattr(plain, "__name__", type(plain).__name__)
        return Program(scenario, name, loop(), virtual_seconds, check)
    raise RuntimeError("explore() runs trio itself: call it from ordinary code, not from inside trio")


class _Suspicious(Exception):  # noqa: N818 - not an error: begin again in another mode
    """The search must begin again: executions are to be made in this mode."""

    def __init__(self, mode: Mode) -> None:
        super().__init__()
        self.mode = mode


@define(eq=False)
class _Search:
    """One exploration.

    State: the mode and the strategy of the search that goes on; how many executions it made; the outcomes
    with the schedules that led to them first; whether schedules were left out; why the results cannot be
    trusted, if so.
    """

    options: Options
    program: Program
    source: str
    mode: Mode = field(factory=lambda: Mode(steps_max=SUSPICIOUS_STEPS))
    made: int = 0
    _strategy: Strategy | None = None
    _outcomes: dict[str, Schedule] = field(factory=dict)
    _left_out: bool = False
    _cycles: int = 0
    _problem: str = ""

    def run(self) -> Exploration:
        """Search, and explain a failure."""
        clock = _Clock()
        with clock.running(), self._exploring():
            failed = self._searched()
            failure = None if failed is None else explained(self.program, self.mode, failed, self.source)
        # Asked once: to say whether the search was complete, a strategy may have to move on.
        certificate = Certificate("sampled", self.made) if failure is not None else self._certificate()
        verdict: Verdict = "fails" if failure is not None else self._verdict(certificate)
        return self._result(verdict, certificate, failure, clock.seconds)

    def repeat(self, token: ReplayToken) -> Exploration:
        """The one execution of a token."""
        self.mode = Mode(token.spinning)
        clock = _Clock()
        with clock.running(), self._exploring():
            try:
                ended = self.program.run(Replay(token.schedule), self.mode)
            except ScheduleDivergedError as error:
                raise ReplayTokenError(str(error)) from None
            self.made = 1
            failure = None
            if ended.error is None:
                self._outcomes[ended.outcome] = Schedule.of(ended.tokens)
            else:
                failure = explained(self.program, self.mode, ended, self.source, minimising=False)
        certificate = Certificate("sampled", 1)
        return self._result("unknown" if failure is None else "fails", certificate, failure, clock.seconds)

    def _exploring(self) -> AbstractContextManager[None]:
        return _exploring(self.program, recording=self.options.footprints == "declared")

    def _searched(self) -> Ended | None:
        """The failed execution, if there is one; the results of all."""
        while True:
            try:
                return self._search()
            except _Suspicious as suspicious:
                self.mode = suspicious.mode
            except (NondeterminismError, ScheduleDivergedError) as error:
                self._problem = str(error)
                return None

    def _search(self) -> Ended | None:
        self.made, self._left_out = 0, False
        self._outcomes.clear()
        strategy = self._strategy = strategy_named(self.options.strategy_used, self.options.seed)
        learns, run, mode = isinstance(strategy, Learning), self.program.run, self.mode
        while self.made < self.options.executions and not self._far_enough() and strategy.begin():
            ended = run(strategy, mode, recorder=self._recorder(strategy))
            self.made += 1
            if ended.error is not None:
                if isinstance(ended.error, StepLimitError):
                    self._suspect(ended)
                return ended
            new = self._keep(ended)
            if learns:
                tell(strategy, new=new)
            if self.made & (self.made - 1) == 0:
                self._repeat(ended)
            if self.made % _COLLECT_EVERY == 0:
                gc.collect()
        return None

    def _recorder(self, strategy: Strategy) -> Recorder | None:
        """None where an execution makes its own, which knows nothing: so where tasks may rest, too."""
        if (
            self.options.footprints == "unknown"
            or self.mode.spinning
            or not getattr(strategy, "traces", False)
        ):
            return None
        return Recorder(cast("Listener", strategy), unknown=False)

    def _suspect(self, ended: Ended) -> None:
        """An execution has reached the step limit: find out why; begin again if another mode does better."""
        if self.mode.spinning:
            return
        watched = Mode(spinning=True, steps_max=self.mode.steps_max)
        seen = self.program.run(Replay(Schedule.of(ended.tokens), lenient=True), watched)
        if seen.cycles or self.mode.steps_max == STEPS_MAX:
            raise _Suspicious(Mode(spinning=True))
        raise _Suspicious(Mode())

    def _keep(self, ended: Ended) -> bool:
        """Take note of an outcome; whether it is a new one."""
        self._left_out = self._left_out or ended.unfair_left_out
        self._cycles += ended.cycles
        text = ended.outcome
        new = text not in self._outcomes
        if new:
            self._outcomes[text] = Schedule.of(ended.tokens)
        return new

    def _repeat(self, ended: Ended) -> None:
        """The determinism check; raises `NondeterminismError`."""
        again = self.program.run(Replay(Schedule.of(ended.tokens)), self.mode)
        if again.tokens != ended.tokens or again.error is not None or again.outcome != ended.outcome:
            shown = "failed" if again.error is not None else f"returned {again.outcome}"
            raise NondeterminismError(
                f"the same schedule did two different things: first the program returned {ended.outcome}, "
                f"then it {shown}. It keeps something from one execution to the next, or draws on what no "
                "schedule controls"
            )

    def _far_enough(self) -> bool:
        """Whether all schedules with as many preemptions as asked for are done."""
        wanted = self.options.preemptions
        return wanted is not None and self.made > 0 and _reaches(self._certificate(), wanted)

    def _certificate(self) -> Certificate:
        if self._strategy is None:
            return Certificate("sampled", self.made)
        certificate = self._strategy.certificate(self.made)
        if self._left_out or self._problem:
            return Certificate("sampled", self.made, schedules_estimate=certificate.schedules_estimate)
        return certificate

    def _verdict(self, certificate: Certificate) -> Verdict:
        wanted = self.options.preemptions
        if self._problem:
            return "unknown"
        holds = certificate.complete if wanted is None else _reaches(certificate, wanted)
        return "holds" if holds else "unknown"

    def _result(
        self, verdict: Verdict, certificate: Certificate, failure: Failure | None, seconds: float
    ) -> Exploration:
        strategy = "replay" if self._strategy is None else self.options.strategy_used
        return Exploration(
            self.program.name,
            verdict,
            certificate,
            strategy,
            self.options.footprints,
            self.options.seed,
            self.made,
            seconds,
            tuple(Outcome(text, schedule) for text, schedule in self._outcomes.items()),
            failure,
            tuple(self.program.inlined),
            tuple(self._notes()),
            self._problem,
        )

    def _notes(self) -> list[str]:
        notes = []
        if self.program.inlined:
            notes.append(f"{_NO_THREAD_NOTE}: {', '.join(self.program.inlined)}")
        if self._cycles:
            notes.append("tasks busy-wait: one that only spins waits until something changes, or time passes")
        if self.mode.spinning and self.options.footprints == "declared":
            notes.append("where tasks busy-wait, or steps are too many, declared footprints are not used")
        if self._left_out:
            notes.append("schedules in which a task starves while others spin were left out")
        return notes


def _reaches(certificate: Certificate, preemptions: int) -> bool:
    """Whether every schedule with so many preemptions was executed."""
    return certificate.complete or (
        certificate.preemptions is not None and certificate.preemptions >= preemptions
    )


@define(eq=False)
class _Clock:
    """Measures real time, for the reader only. State: what it has measured."""

    seconds: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure what happens inside."""
        began = time.perf_counter()
        yield
        self.seconds = time.perf_counter() - began


@contextmanager
def _exploring(program: Program, *, recording: bool) -> Iterator[None]:
    """The loop's exploration, in which functions meant for threads run inline."""
    guards = program.loop.guards
    with program.loop.exploring(recording=recording):
        guards.run_in_thread = program.run_in_thread
        try:
            yield
        finally:
            guards.run_in_thread = None
