"""Explains a failure: minimises its schedule, draws the execution, and makes its replay token."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from attrs import evolve

from machines.counterexample.columns import draw
from machines.counterexample.timeline import Timeline
from machines.exploration.minimise import EXECUTIONS_MAX, Minimised, Ran, Wish, minimise
from machines.exploration.replay import Replay
from machines.exploration.schedule import Schedule
from machines.explore.replay_token import ReplayToken
from machines.explore.result import Failure
from machines.explore.running import Ended, Mode, Program, raised_by, reason_of
from machines.explore.shared import SAYING
from machines.explore.state import is_library
from machines.world.choices import Token
from machines.world.kernel import Execution

_STEPS_MAX = 500_000
_STEPS_UNDER_WATCH_MAX = 20_000
"""What minimising may cost, in steps of all its executions. Under watch each takes far longer."""

_PLUMBING = ("/machines/explore/", "/machines/exploration/", "/site-packages/")


def explained(program: Program, mode: Mode, ended: Ended, source: str, *, minimising: bool = True) -> Failure:
    """All that can be said of an execution that failed; to be called while the loop explores."""
    assert ended.error is not None
    mode = evolve(mode, steps_max=max(mode.steps_max, Mode().steps_max))
    failing = _ran(ended)
    again = _follow(program, mode, failing.tokens)
    repeated = again.reason == failing.reason and again.tokens == failing.tokens
    minimised = Minimised(failing, failing, 1)
    if minimising and repeated:
        steps_max = _STEPS_UNDER_WATCH_MAX if mode.spinning else _STEPS_MAX
        budget = min(EXECUTIONS_MAX, steps_max // max(len(failing.tokens), 1))
        minimised = minimise(lambda wish: _follow(program, mode, wish), failing, budget)
    shown, timeline = _watched(program, mode, minimised.after.tokens)
    schedule = Schedule.of(minimised.after.tokens)
    token = ReplayToken(schedule, mode.spinning, program.virtual_seconds, source)
    return Failure(
        reason_of(ended.error),
        minimised,
        str(token),
        shown.error if repeated and shown.error is not None else ended.error,
        {str(task): label for task, label in timeline.tasks.items()},
        draw(timeline),
        _traceback(shown.error or ended.error),
        repeated,
    )


def _ran(ended: Ended) -> Ran:
    reason = None if ended.error is None else reason_of(ended.error).key
    return Ran(ended.tokens, reason, ended.preemptions)


def _follow(program: Program, mode: Mode, tokens: Sequence[Token]) -> Ran:
    """Make the steps that are wished for, as far as the program allows."""
    wish = Wish.of(tokens)

    def begun(execution: Execution) -> None:
        wish.done = execution.tokens

    return _ran(program.run(wish, mode, begun=begun))


def _watched(program: Program, mode: Mode, tokens: Sequence[Token]) -> tuple[Ended, Timeline]:
    """Run a schedule once more, keeping every step."""
    timeline = Timeline(plumbing=_PLUMBING)
    SAYING.append(timeline.note)
    try:
        ended = program.run(Replay(Schedule.of(tokens), lenient=True), mode, observer=timeline)
    finally:
        SAYING.remove(timeline.note)
    timeline.finish()
    return ended, timeline


def _traceback(error: BaseException) -> str:
    """The tracebacks of what the program raised, with its own frames only; empty if it raised nothing."""
    texts = []
    for raised in raised_by(error):
        frames = [
            frame for frame in traceback.extract_tb(raised.__traceback__) if not is_library(frame.filename)
        ]
        if frames:
            lines = traceback.format_list(frames) + traceback.format_exception_only(raised)
            texts.append("".join(lines).rstrip())
    return "\n\n".join(texts)
