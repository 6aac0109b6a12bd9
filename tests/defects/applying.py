"""Puts a seeded defect in the place of the right code, and the right code back.

The wrong version is set where the right one is looked up: as an attribute of its class, or under its name in
its module and in every module of the system that imported it from there. Objects that exist already keep
working, since their classes are the same. What was computed by the other version is forgotten on both ways: a
started system, which every execution of a process begins from, may hold what the wrong code made of it.

What this cannot reach is refused or ruled out: a target that is not there (any more) is an error, and default
values of parameters are bound for good when their function is defined, so a target must not be one.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from attrs import frozen

import system_under_test
from machines import exploring
from tests.defects.defect import Defect, Replacement


class UnknownTargetError(LookupError):
    """A defect replaces something that the system does not have: only one of the two has changed."""


@frozen
class Place:
    """Where a part of the system is looked up: an attribute of a module or of a class."""

    owner: Any
    name: str
    raw: Any
    """What stands there, static and class methods still wrapped."""

    def put(self, wrong: object) -> None:
        """Let something else stand there."""
        setattr(self.owner, self.name, type(self.raw)(wrong) if self.is_wrapped else wrong)

    def restore(self) -> None:
        """Let stand there what stood there."""
        setattr(self.owner, self.name, self.raw)

    @property
    def is_wrapped(self) -> bool:
        """Whether a static or class method stands there."""
        return isinstance(self.raw, staticmethod | classmethod)

    @property
    def right(self) -> Any:
        """The function, class or value itself."""
        return self.raw.__func__ if self.is_wrapped else self.raw


def place_of(target: str) -> Place:
    """Where `module:name` or `module:Class.name` is defined; raises `UnknownTargetError`."""
    module, _, path = target.partition(":")
    *outer, name = path.split(".")
    try:
        owner: Any = importlib.import_module(module)
        for part in outer:
            owner = vars(owner)[part]
        return Place(owner, name, vars(owner)[name])
    except (ImportError, KeyError, TypeError) as error:
        raise UnknownTargetError(
            f"{target}: {error}. The system has no such part; adapt the defect to what the system has become"
        ) from error


@contextmanager
def applied(defect: Defect) -> Iterator[None]:
    """The system with this defect, and without it again afterwards; raises `UnknownTargetError`."""
    with ExitStack() as undoing:
        undoing.callback(_forget_started_systems)
        for replacement in defect.replacements:
            undoing.enter_context(_replaced(replacement))
        _forget_started_systems()
        yield


def _forget_started_systems() -> None:
    exploring._GENESIS.clear()


@contextmanager
def _replaced(replacement: Replacement) -> Iterator[None]:
    place = place_of(replacement.target)
    wrong = replacement.wrong_of(place.right)
    places = [place, *_imports_of(place)]
    try:
        for each in places:
            each.put(wrong)
        yield
    finally:
        for each in places:
            each.restore()


def _imports_of(place: Place) -> list[Place]:
    """Where else in the system a name of a module was imported: under that name, or a function under any."""
    if not inspect.ismodule(place.owner):
        return []
    return [
        Place(module, name, value)
        for module in _modules_of_the_system()
        for name, value in vars(module).items()
        if value is place.raw and module is not place.owner and (name == place.name or callable(value))
    ]


def _modules_of_the_system() -> list[Any]:
    """All of them, imported if need be: one imported later would keep the wrong version for good."""
    infos = pkgutil.walk_packages(system_under_test.__path__, f"{system_under_test.__name__}.")
    return [system_under_test, *(importlib.import_module(info.name) for info in infos)]
