"""Records what happened in one execution, step by step, for its columns.

The kernel announces a step before it runs, so what a step did (statements, answers, which way a fault fell)
is known when the next one is announced, or at the end. What a client asked and was told is seen from outside,
by looking at the list of calls after each step.

The line that a step goes on from is the innermost that a reader of the system would call the system's: trio
and the simulated world are left out, and so is what the subject names as `plumbing` (parts of paths, or names
of functions like `Session.run`), such as the one line through which all statements pass.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any, Literal

from attrs import define, field, frozen

from machines.world.kernel import END, Execution, Token
from machines.world.waiting import source_frames
from model.history import Call

Switch = Literal["", "free", "preempted"]

_ALWAYS_PLUMBING = ("/trio/", "/outcome/", "/contextlib.py", "/machines/world/", "/machines/exploring.py")


@frozen
class Place:
    """A line of the program: the file by its last two parts, the number, the text."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.text}"


@define(eq=False)
class Step:
    """One step: of a task, which goes on from a place, or a fault, which has none.

    `number` is its place in the schedule, from 0; `ms` the virtual time when it ran. `notes` are
    what it did to the world outside, `variants` the ways in which its faults fell; `begun` and `ended` are
    the clients' calls that were asked and answered in it. `switch`: another task than before went on, freely
    or in preemption of one that could have gone on.
    """

    number: int
    task: str | None
    ms: int
    place: Place | None = None
    switch: Switch = ""
    fault: str = ""
    notes: list[str] = field(factory=list)
    variants: tuple[str, ...] = ()
    begun: tuple[Call, ...] = ()
    ended: tuple[Call, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether nothing could be seen of it from outside the program."""
        return not (self.fault or self.notes or self.variants or self.begun or self.ended)


def _no_calls() -> Sequence[Call]:
    return ()


@define(eq=False)
class Timeline:
    """An observer that keeps every step.

    State: `steps`, the last of which may be under way; `tasks`, the columns, by the tokens of the tasks; how
    many calls, answers, switches and preemptions there were when the last step was announced.
    """

    plumbing: tuple[str, ...] = ()
    calls: Callable[[], Sequence[Call]] = _no_calls
    steps: list[Step] = field(factory=list)
    tasks: dict[Token, str] = field(factory=dict)
    _execution: Execution | None = None
    _begun: int = 0
    _answered: tuple[int, ...] = ()
    _switches: int = 0
    _preemptions: int = 0

    @property
    def length(self) -> int:
        """How many choices the schedule has: the steps, and the ways in which faults fell."""
        return sum(1 + len(step.variants) for step in self.steps)

    def step(self, execution: Execution, token: Token, task: Any) -> None:
        """Keep a step that is about to happen."""
        self._execution = execution
        number = len(execution.tokens) - 1
        self._settle(number)
        step = Step(number, None, execution.loop.clock.now_ms())
        if task is None:
            step.fault = str(token)
        else:
            step.task = self._label(execution, token, task)
            step.place = self._place(task)
            step.switch = self._switch(execution)
        self.steps.append(step)

    def note(self, text: str) -> None:
        """Keep what the step under way does; what happens after the end, while tasks unwind, is no step's."""
        execution = self._execution
        if execution is not None and execution.loop.guards.executing:
            self.steps[-1].notes.append(text)

    def finish(self) -> None:
        """Complete the last step."""
        if self._execution is not None:
            self._settle(len(self._execution.tokens))

    def _settle(self, until: int) -> None:
        """Complete the step before: `until` is how many tokens had been chosen when it was over."""
        if not self.steps or self._execution is None:
            return
        step = self.steps[-1]
        variants = self._execution.tokens[step.number + 1 : until]
        step.variants = tuple(str(variant) for variant in variants if variant != END)
        calls = self.calls()
        answered = tuple(index for index, call in enumerate(calls) if call.answered)
        step.ended = tuple(calls[index] for index in answered if index not in self._answered)
        step.begun = tuple(calls[self._begun :])
        self._begun, self._answered = len(calls), answered

    def _switch(self, execution: Execution) -> Switch:
        """How it came that this task goes on, if it is another one than before."""
        switched, preempted = execution.switches > self._switches, execution.preemptions > self._preemptions
        self._switches, self._preemptions = execution.switches, execution.preemptions
        return "preempted" if preempted else "free" if switched else ""

    def _label(self, execution: Execution, token: Token, task: Any) -> str:
        """The name of a task's column: a root's label, a child's function; numbered where it occurs again."""
        if token not in self.tasks:
            roots = (root.label for root in execution.roots if root.task is task)
            name = next(roots, str(task.name).rpartition(".")[2])
            taken = sum(known.partition(" ")[0] == name for known in self.tasks.values())
            self.tasks[token] = f"{name} {taken + 1}" if taken else name
        return self.tasks[token]

    def _place(self, task: Any) -> Place | None:
        """Where a task goes on; None if it has not begun, or stands in plumbing alone."""
        plumbing = (*_ALWAYS_PLUMBING, *self.plumbing)
        for frame, line in reversed(source_frames(task)):
            path = frame.f_code.co_filename.replace("\\", "/")
            if frame.f_code.co_qualname not in plumbing and not any(part in path for part in plumbing):
                text = linecache.getline(frame.f_code.co_filename, line).strip()
                return Place("/".join(path.split("/")[-2:]), line, text)
        return None
