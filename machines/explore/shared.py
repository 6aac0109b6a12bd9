"""`Shared`: a variable that says who reads and writes it, for programs that declare what they share.

An exploration with `footprints="declared"` takes a program's word that its tasks share nothing but trio's
primitives and variables of this kind. Two steps that touch different ones, or only read the same one, are
then executed in one order instead of two. Everywhere else, under a plain `trio.run` too, it is an ordinary
variable.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from machines.world.recording import ACTIVE, Recorder

Value = TypeVar("Value")

SAYING: list[Callable[[str], None]] = []
"""Who wants to know in words what is done to shared variables: the timeline under way, if there is one."""


class Shared(Generic[Value]):
    """One variable that several tasks share. State: its value.

    The name tells it from others in reports. Variables that have one name in common are taken for one; those
    without a name are told apart by the task that made them and the order in which it did, and those that
    were made before the execution began are taken for one. To take two for one costs reduction, never a
    behaviour.
    """

    __slots__ = ("_name", "_value")

    def __init__(self, value: Value, name: str = "") -> None:
        self._value = value
        self._name = name
        for recorder in ACTIVE:
            recorder.made(self)

    @property
    def value(self) -> Value:
        """The value; reading and assigning it are `get` and `set`."""
        return self.get()

    @value.setter
    def value(self, value: Value) -> None:
        self.set(value)

    def get(self) -> Value:
        """The value: a read, which commutes with other reads."""
        for recorder in ACTIVE:
            recorder.read(self._resource(recorder))
        self._say("reads", self._value)
        return self._value

    def set(self, value: Value) -> None:
        """Give it a value: a write, which commutes with nothing."""
        for recorder in ACTIVE:
            recorder.write(self._resource(recorder))
        self._value = value
        self._say("becomes", value)

    def update(self, function: Callable[[Value], Value]) -> None:
        """Change it in a way that commutes with all other such changes, such as adding to it.

        That they commute is the caller's promise. Nothing is returned, since the value in between would tell
        the order.
        """
        for recorder in ACTIVE:
            recorder.update(self._resource(recorder))
        self._value = function(self._value)
        self._say("is updated to", self._value)

    def __repr__(self) -> str:
        return f"Shared({self._value!r}, {self._name!r})"

    def _resource(self, recorder: Recorder) -> Hashable:
        return ("shared", self._name) if self._name else recorder.name(self)

    def _say(self, verb: str, value: object) -> None:
        for say in SAYING:
            say(f"{self._name or 'shared'} {verb} {value!r}")
