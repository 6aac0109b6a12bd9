"""Records footprints: what each step touches of trio's primitives, of memory, of other tasks.

A `Recorder` collects what the step under way touches and hands it to the strategy at the step's end, together
with the tasks that the step woke. Where nothing is known of a program's own variables, every step counts as
touching everything (`unknown=True`); a program that promises to share nothing but what is recorded does
better.

Three rules make wake-ups and cancellations come out right, whatever the primitive:
- a step writes its own task, and every task that it wakes;
- cancelling a scope writes every task inside it; and touching what a task has once begun to wait for writes
  that task, even if a cancellation has taken it off the waiting list since, so that the two never look
  independent;
- a task that ends updates its nursery; the parent, which waits for all, reads it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Protocol

from machines.world.choices import Token, is_task
from machines.world.footprint import EVERYTHING, Footprint, Resources

Woken = Mapping[Token, tuple[Token, ...]]
"""The tasks that became able to step, each with the tasks whose last steps it had been waiting for as
well.
"""


class Listener(Protocol):
    """A strategy that wants to know what steps touch."""

    resources: Resources

    def allow(self, fault: Token) -> None:
        """A fault of that kind may happen in the execution that begins."""
        ...

    def stepped(self, token: Token, footprint: Footprint, woken: Woken) -> None:
        """A step has happened: what it touched, and the tasks that it made able to step."""
        ...

    def time_passed(self, woken: Woken) -> None:
        """Nothing could step; time moved on, and these tasks can."""
        ...


class Recorder:
    """What the step under way touches, in one execution.

    State: the masks of the step under way and whom it woke; by task, the bit of what it may be about to wait
    for, and by such bit the mask of the tasks that have waited; the children of nurseries that have ended;
    per object, its name.
    """

    __slots__ = (
        "_ended",
        "_joining",
        "_listener",
        "_made",
        "_names",
        "_reads",
        "_token",
        "_updates",
        "_waited",
        "_within",
        "_woken",
        "_writes",
        "everything",
        "resources",
        "tokens",
        "unknown",
    )

    def __init__(self, listener: Listener, *, unknown: bool) -> None:
        self._listener = listener
        self.resources = listener.resources
        self.unknown = unknown
        self.tokens: Mapping[Any, Token] = {}
        self.everything = unknown
        self._token: Token = "setup"  # noqa: S105 - not that kind of token
        self._reads = self._writes = self._updates = 0
        self._woken: dict[Token, tuple[Token, ...]] = {}
        self._joining: dict[Token, object] = {}
        self._ended: dict[int, list[Token]] = {}
        self._within: dict[Token, int] = {}
        self._waited: dict[int, int] = {}
        self._names: dict[int, tuple[object, Hashable]] = {}
        self._made: dict[Token, int] = {}

    # -- what instrumented code says

    def read(self, resource: Hashable) -> None:
        """The step read it."""
        self._reads |= self.resources.bit(resource)

    def write(self, resource: Hashable) -> None:
        """The step changed it, or took part in an order that others can see."""
        self._writes |= self.resources.bit(resource)

    def update(self, resource: Hashable) -> None:
        """The step changed it in a way that commutes with other such changes."""
        self._updates |= self.resources.bit(resource)

    def unknowable(self) -> None:
        """The step did something that nobody has looked at."""
        self.everything = True

    def made(self, thing: object) -> None:
        """Name an object after the task that made it: the name that it has in every execution."""
        number = self._made[self._token] = self._made.get(self._token, -1) + 1
        self._names[id(thing)] = (thing, (type(thing).__name__, self._token, number))

    def name(self, thing: object) -> Hashable:
        """The name of an object; all those that were made before the execution share that of their class."""
        known = self._names.get(id(thing))
        return type(thing).__name__ if known is None else known[1]

    def cancelled(self, task: Any) -> None:
        """The step cancels a task of trio's."""
        token = self.tokens.get(task)
        if token is not None:
            self._writes |= self.resources.bit(("task", token))

    def enter(self, resource: Hashable) -> None:
        """The task that steps now is going to wait for this, unless it need not."""
        self._within[self._token] = self.resources.bit(resource)

    def leave(self) -> None:
        """It waits no longer."""
        self._within.pop(self._token, None)

    def joining(self, nursery: object) -> None:
        """The task that steps now waits until the last child of its nursery has ended."""
        self._joining[self._token] = nursery

    def joined(self) -> None:
        """That wait is over."""
        self._joining.pop(self._token, None)

    def ended(self, nursery: object) -> None:
        """The task that steps now ends, a child of that nursery."""
        self._names.setdefault(id(nursery), (nursery, type(nursery).__name__))
        self._ended.setdefault(id(nursery), []).append(self._token)

    # -- what the kernel says

    def start(self, tokens: Mapping[Any, Token], faults: Iterable[Token]) -> None:
        """An execution begins; `tokens` names its tasks as they come, `faults` may happen in it."""
        self.tokens = tokens
        for fault in faults:
            self._listener.allow(fault)

    def begin(self, token: Token) -> None:
        """A step begins."""
        self._token = token
        self._reads = self._updates = 0
        self._writes = self.resources.bit(("task", token)) if is_task(token) else 0
        self.everything = self.unknown
        self._woken = {}

    def woke(self, token: Token) -> None:
        """The step made a task able to step."""
        nursery = self._joining.get(token)
        if nursery is None:
            self._woken[token] = ()
            self._writes |= self.resources.bit(("task", token))
        else:
            # Which child is the last does not matter: all of them enable the parent alike.
            self._woken[token] = tuple(self._ended.get(id(nursery), ()))

    def end(self, token: Token) -> None:
        """The step is over."""
        for bit, waiting in self._waited.items():
            if bit & self._writes:
                self._writes |= waiting
        if token in self._within and token not in self._woken:
            bit = self._within[token]
            self._waited[bit] = self._waited.get(bit, 0) | self.resources.bit(("task", token))
        touched = Footprint(self._reads, self._writes, self._updates)
        footprint = EVERYTHING if self.everything else touched
        self._listener.stepped(token, footprint, self._woken)

    def end_era(self) -> None:
        """Time has moved on."""
        self._listener.time_passed(self._woken)


ACTIVE: list[Recorder] = []
"""The recorder of the execution under way, if there is one: instrumented code asks here, and finds it
empty elsewhere.
"""
