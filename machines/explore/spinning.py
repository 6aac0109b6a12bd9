"""Executions of programs that busy-wait: a task that only spins waits until something changes.

A loop like `while not done: await trio.lowlevel.checkpoint()` makes the schedules of a program infinitely
many, and a scheduler that prefers the spinning task never ends. But an iteration that brings the program back
to a state in which it has been before (`machines.explore.state`) adds nothing: whatever could follow it could
have followed without it. So after each step the state is looked up among those of this execution. When it is
an old one, the tasks that have stepped since *rest*: they are not offered until a step leads to a new state.
Every state that could be reached is still reached; the search becomes finite wherever the program's states
are.

When all tasks that can step are at rest, they could go on like that for ever, each getting its turn: a
livelock, unless time changes something. So time passes first: to the next deadline, which may be that of the
timeout around the loop, and for a program that reads the clock while it spins by leaps that double, up to the
time that it may take. What is left is a livelock indeed, and reported as one.

Where the state cannot be seen there remains fairness: a task that could step and has not for `STARVED_STEPS`
steps of each other goes next, alone. That leaves schedules out, and the certificate says so
(`unfair_left_out`).

The strategies know nothing of all this: to them a resting task is one that waits.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field

from machines.explore.state import digest, standing
from machines.world import trio_internals
from machines.world.choices import END, Token
from machines.world.errors import LivelockError
from machines.world.kernel import Execution
from machines.world.recording import Recorder
from machines.world.waiting import describe_waiting, place

STARVED_STEPS = 64
_STATES_MAX = 1_000
"""So many states without an old one among them: this execution is long, but does not spin."""

_FIRST_LEAP_SECONDS = 1.0


@define(eq=False)
class SpinningExecution(Execution):
    """One execution in which tasks may rest.

    State: `_resting`, those that only spin; `_held`, those that let a starved one go first; by task, where it
    `_stood` before; the place in the schedule where each state was `_seen` since time last passed; the next
    leap, and how often the clock had been read when time last passed; when each task last stepped.
    """

    unfair_left_out: bool = False
    cycles: int = 0
    _resting: list[Any] = field(factory=list)
    _held: list[Any] = field(factory=list)
    _stood: dict[Token, set[Any]] = field(factory=dict)
    _seen: dict[bytes, int] = field(factory=dict)
    _leap: float = _FIRST_LEAP_SECONDS
    _reads: int = -1
    _stepped_at: dict[Token, int] = field(factory=dict)

    def run(self) -> None:
        """As every execution runs."""
        self._reads = self.loop.clock.reads
        super().run()

    def _step(self, index: int) -> None:
        task = self.runnable[index]
        super()._step(index)
        if self.recorder is None:
            self._look(task)

    def _recorded_step(self, recorder: Recorder, task: Any, token: Token) -> None:
        recorder.begin(token)
        trio_internals.step(self.loop.runner, task)
        self._arrivals()
        self._look(task)
        recorder.end(token)

    def _look(self, task: Any) -> None:
        """After a step: who rests now, and who need not any longer."""
        self._take_back(self._held)
        token = self._names[task]
        now = self._stepped_at[token] = len(self.tokens)
        before = self._known_state(task, token)
        if before is None:
            self._take_back(self._resting)
        else:
            self.cycles += 1
            self._rest({*self.tokens[before:]})
        self._let_the_starved_go(now)

    def _known_state(self, task: Any, token: Token) -> int | None:
        """When the program was in this state before; None for a new one, which is remembered."""
        where = standing(task)
        stood = self._stood.setdefault(token, set())
        if where not in stood:
            # A task that stands where it never stood: the state must be new.
            stood.add(where)
            self._leap = _FIRST_LEAP_SECONDS
            return None
        if len(self._seen) > _STATES_MAX:
            return None
        names = self._names
        living = {task: names[task] for task in self._living() if task in names}
        state = digest(living, [*self.runnable, *self._resting], self.loop.guards.drawn())
        if state is None:
            return None
        before = self._seen.get(state)
        if before is None:
            self._seen[state] = len(self.tokens)
        return before

    def _rest(self, spinning: set[Token]) -> None:
        self._resting += [task for task in self.runnable if self._names[task] in spinning]
        self.runnable = [task for task in self.runnable if self._names[task] not in spinning]

    def _take_back(self, tasks: list[Any]) -> None:
        """Offer tasks again: to the strategy, they wake."""
        for task in tasks:
            self.runnable.append(task)
            if self.recorder is not None:
                self.recorder.woke(self._names[task])
        tasks.clear()

    def _let_the_starved_go(self, now: int) -> None:
        """Hold all but a task that has not stepped for too long."""
        if len(self.runnable) < 2:  # noqa: PLR2004 - one task alone starves nobody
            return
        last = self._stepped_at
        ages = [now - last.setdefault(self._names[task], now) for task in self.runnable]
        oldest = max(ages)
        if oldest > STARVED_STEPS * len(ages):
            starved = self.runnable.pop(ages.index(oldest))
            self._held, self.runnable = self.runnable, [starved]
            self.unfair_left_out = True

    def _time_passes(self) -> bool:
        if not self._resting:
            return super()._time_passes()
        clock, deadlines = self.loop.clock, self.loop.runner.deadlines
        seconds = max(deadlines.next_deadline(), clock.seconds)
        if clock.reads != self._reads:
            seconds = min(seconds, clock.seconds + self._leap)
            self._leap *= 2
        if seconds > self.seconds_max:
            raise LivelockError(self._livelock())
        clock.advance_to(seconds)
        deadlines.expire(seconds)
        self._new_era()
        return True

    def _new_era(self) -> None:
        if self.recorder is not None:
            self.recorder.begin(END)
        self._seen.clear()
        self._reads = self.loop.clock.reads
        self._take_back(self._resting)
        self._arrivals()
        if self.recorder is not None:
            self.recorder.end_era()

    def _livelock(self) -> str:
        spinning = sorted(self._resting, key=lambda task: str(self._names[task]))
        clauses = []
        for task in spinning:
            path, line, text = place(task)
            clauses.append(f"{task.name} at {path}:{line} `{text}`")
        others = [task for task in self._living() if task not in self._resting]
        waiting = f". Meanwhile {describe_waiting(others)}" if others else ""
        return (
            f"the tasks that can step only spin, and nothing changes any more: {'; '.join(clauses)}{waiting}"
        )

    def _unwind(self) -> None:
        self.runnable += [*self._held, *self._resting]
        self._held.clear()
        self._resting.clear()
        super()._unwind()
