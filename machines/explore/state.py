"""The state of a program as a digest: two moments of one execution with the same digest go on alike.

The idea. A task that busy-waits comes back to a state in which the whole program has been before. To see
that, all that the program can reach is walked: the frames of its tasks (where they stand, their local
variables, what is on their stacks), what these refer to, and the global variables that their code names.
Objects are numbered in the order in which they are met, so that two states are equal if they look alike,
whatever the addresses; which also makes the digest the same in every process.

Left out is what cannot differ between two such moments, or does not decide anything: the inside of the
standard library's and of installed modules (not of their objects), tracebacks, loggers, virtual time, and
trio's counters. The stream of random numbers is part of the state. Where the walk meets something that it
cannot look into (an object of an extension module that cannot be pickled, an open file), or too much, there
is no digest, and nothing is claimed.

Rejected: counting steps without progress, where "progress" is what trio's primitives show. A task that
computes for a thousand steps touches none of them, and would be called a livelock.

The same insight serves model checkers of other languages: a spin loop whose iteration changes nothing may be
taken for a blocking wait (Kokologiannakis, Ren and Vafeiadis, "Dynamic partial order reductions for
spinloops", FMCAD 2021).
"""

from __future__ import annotations

import contextvars
import enum
import functools
import gc
import hashlib
import logging
import sys
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import trio

from machines.world.choices import Token
from machines.world.trio_internals import MACHINERY, pending

OBJECTS_MAX = 20_000
"""A state of more objects is not walked: it would cost more than it could save."""

Parts = tuple[object, Sequence[Any]]

_ATOMS = {type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented), range}
_CONTAINERS = {dict, list, tuple, deque}
_SUSPENDED = (types.CoroutineType, types.GeneratorType, types.AsyncGeneratorType)
_REFERRING = {"coroutine_wrapper", "async_generator_asend", "async_generator_athrow", "anext_awaitable"}


class _OpaqueError(Exception):
    """Something that cannot be looked into."""


def digest(tasks: Mapping[Any, Token], runnable: Iterable[Any], extra: object) -> bytes | None:
    """The digest of all that living tasks can reach, given with their tokens; None if some cannot be seen."""
    walk = _Walk(tasks)
    ready = {tasks[task] for task in runnable}
    try:
        walk.visit(extra)
        for task, token in tasks.items():
            walk.atom((token, token in ready))
            walk.visit([pending(task), task.coro, _context(task.context)])
    except _OpaqueError:
        return None
    return walk.digest()


def standing(task: Any) -> tuple[tuple[types.CodeType, int], ...]:
    """Where a suspended task stands, in each of its frames; empty for one that has ended."""
    places = []
    inner = task.coro
    while inner is not None:
        frame = _frame(inner)
        if frame is None:
            break
        places.append((frame.f_code, frame.f_lasti))
        inner = getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)
    return tuple(places)


def _frame(suspended: Any) -> Any:
    for name in ("cr_frame", "gi_frame", "ag_frame"):
        frame = getattr(suspended, name, None)
        if frame is not None:
            return frame
    return None


def _context(context: contextvars.Context) -> list[Any]:
    """A task's context variables, in the order of their names."""
    return sorted(((variable.name, value) for variable, value in context.items()), key=lambda pair: pair[0])


class _Walk:
    """State: the number of each thing met, by address; what is kept alive meanwhile; the text so far."""

    def __init__(self, tasks: Mapping[Any, Token]) -> None:
        self._tasks = tasks
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []
        self._text: list[object] = []

    def digest(self) -> bytes:
        text = repr(self._text).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=16).digest()

    def atom(self, value: object) -> None:
        self._text.append(value)

    def visit(self, root: Any) -> None:
        """Walk what can be reached from here, depth first; raises `_OpaqueError`."""
        waiting, text, numbers = [root], self._text, self._numbers
        while waiting:
            thing = waiting.pop()
            kind = type(thing)
            if kind in _ATOMS:
                text.append(thing)
            elif kind in _LABELS:
                text.append(_LABELS[kind](thing))
            elif id(thing) in numbers:
                text.append(("again", numbers[id(thing)]))
            else:
                numbers[id(thing)] = len(numbers)
                self._kept.append(thing)
                if len(numbers) > OBJECTS_MAX:
                    raise _OpaqueError
                label, children = self._parts(thing)
                text.append((label, len(children)))
                waiting.extend(reversed(children))

    def _parts(self, thing: Any) -> Parts:
        """What to write of an object, and what to go on to."""
        if isinstance(thing, trio.lowlevel.Task):
            return ("task", self._tasks.get(thing)), ()
        if isinstance(thing, set | frozenset):
            return type(thing).__name__, self._ordered(list(thing))
        kind = type(thing)
        if kind not in _PARTS_OF:
            found = (parts for kinds, parts in _PARTS if issubclass(kind, kinds))
            _PARTS_OF[kind] = next(found, _instance)
        return _PARTS_OF[kind](thing)

    def _ordered(self, things: list[Any]) -> list[Any]:
        """The elements of a set in an order that does not depend on their addresses."""
        return things if len(things) < 2 else sorted(things, key=self._rank)  # noqa: PLR2004 - one has no order

    def _rank(self, thing: Any) -> tuple[str, str]:
        if isinstance(thing, trio.lowlevel.Task):
            return "task", str(self._tasks.get(thing))
        if type(thing) in _ATOMS:
            return type(thing).__name__, repr(thing)
        if id(thing) in self._numbers:
            return "~", f"{self._numbers[id(thing)]:09}"
        raise _OpaqueError


def _suspended(thing: Any) -> Parts:
    frame = _frame(thing)
    if frame is None:
        return ("ended", thing.__qualname__), ()
    if frame.f_code.co_filename.startswith(_LIBRARIES[1:]):
        # The kernel's own frame around the program: what matters of it is what it awaits.
        return "outside", [thing.cr_await]
    values = [part for pair in sorted(frame.f_locals.items()) for part in pair]
    return (thing.__qualname__, frame.f_lasti), [*values, *gc.get_referents(thing)]


def _function(thing: Any) -> Parts:
    code = thing.__code__
    children = [thing.__defaults__, thing.__kwdefaults__, *(thing.__closure__ or ())]
    if not is_library(code.co_filename):
        names = _names(code)
        for name in names:
            if name in thing.__globals__:
                children += [name, *_global(thing.__globals__[name], names)]
    return (thing.__qualname__, code.co_firstlineno), children


def _global(value: Any, names: Sequence[str]) -> Iterator[Any]:
    """A global variable; of a module of the program's own, what the code may mean by its names."""
    yield value
    if isinstance(value, types.ModuleType) and not is_library(getattr(value, "__file__", None)):
        yield from (vars(value)[name] for name in names if name in vars(value))


@functools.cache
def _names(code: types.CodeType) -> tuple[str, ...]:
    """The names by which code, and the code inside it, means global variables and attributes."""
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return tuple(dict.fromkeys([*code.co_names, *(name for each in inner for name in _names(each))]))


def is_library(path: str | None) -> bool:
    """Whether a file belongs to the standard library, to an installed package, or to Tandem."""
    if path is None or path.startswith("<frozen"):
        return True
    path = path.replace("\\", "/")
    return "/site-packages/" in path or path.startswith(_LIBRARIES)


_OWN = __file__.replace("\\", "/").rpartition("/explore/")[0]
_LIBRARIES = (
    contextvars.__file__.replace("\\", "/").rpartition("/")[0] + "/",
    *(f"{_OWN}/{part}" for part in ("world/", "explore/", "exploration/", "counterexample/")),
)


def _class(thing: type) -> Parts:
    module = sys.modules.get(thing.__module__)
    label = ("class", thing.__module__, thing.__qualname__)
    if module is None or is_library(getattr(module, "__file__", None)):
        return label, ()
    kept = {name: value for name, value in vars(thing).items() if name not in {"__dict__", "__weakref__"}}
    return label, [*thing.__bases__, *(part for pair in kept.items() for part in pair)]


def _instance(thing: Any) -> Parts:
    """An object like any other: its attributes, what it contains, or what it would be pickled as."""
    kind = type(thing)
    label = (kind.__module__, kind.__qualname__)
    if kind.__name__ in _REFERRING:
        return label, gc.get_referents(thing)
    if _is_own(kind):
        return label, ()
    container = isinstance(thing, dict | list | tuple | deque)
    children = _held(thing) if container else []
    if kind in _CONTAINERS:
        return kind.__name__, children
    children.append(kind)
    slots = list(_slots(thing))
    state = getattr(thing, "__dict__", None)
    if state is None and not slots and not container:
        children += _pickled(thing)
    else:
        children += slots
        children += [part for pair in (state or {}).items() for part in pair]
    return label, children


def _is_own(kind: type) -> bool:
    """Whether a class is of the machinery around the program: Tandem's own, or trio's."""
    if kind.__module__.startswith("machines."):
        return kind.__module__ != "machines.explore.shared"
    return issubclass(kind, MACHINERY)


def _held(thing: Any) -> list[Any]:
    if isinstance(thing, dict):
        return [part for pair in thing.items() for part in pair]
    return list(thing)


def _slots(thing: Any) -> Iterator[Any]:
    for name, descriptor in _members(type(thing)):
        try:
            value = descriptor.__get__(thing)
        except AttributeError:
            continue
        yield name
        yield value


def _members(kind: type) -> list[tuple[str, Any]]:
    """The slots of a class and of those that it is made from."""
    if kind not in _MEMBERS:
        members = (pair for each in kind.__mro__ for pair in vars(each).items())
        _MEMBERS[kind] = [pair for pair in members if isinstance(pair[1], types.MemberDescriptorType)]
    return _MEMBERS[kind]


_MEMBERS: dict[type, list[tuple[str, Any]]] = {}


def _pickled(thing: Any) -> list[Any]:
    try:
        reduced = thing.__reduce_ex__(4)
    except Exception:  # noqa: BLE001 - whatever keeps it from being pickled, it cannot be looked into
        raise _OpaqueError from None
    if isinstance(reduced, str):
        return [reduced]
    return [list(part) if isinstance(part, Iterator) else part for part in reduced[1:]]


def _bound(thing: Any) -> Parts:
    owner = thing.__self__
    return (thing.__qualname__,), () if owner is None or isinstance(owner, types.ModuleType) else (owner,)


_PARTS: tuple[tuple[Any, Callable[[Any], Parts]], ...] = (
    (_SUSPENDED, _suspended),
    (enum.Enum, lambda thing: ((type(thing).__qualname__, thing.name), ())),
    (types.FunctionType, _function),
    (types.CellType, lambda thing: ("cell", gc.get_referents(thing))),
    (types.MethodType, lambda thing: ("method", (thing.__func__, thing.__self__))),
    ((types.BuiltinMethodType, types.MethodWrapperType), _bound),
    (type, _class),
    (weakref.ref, lambda thing: ("weak reference", (thing(),))),
    (types.MappingProxyType, lambda thing: ("mapping", (dict(thing),))),
    ((property, classmethod, staticmethod), lambda thing: (type(thing).__name__, gc.get_referents(thing))),
    ((logging.Logger, logging.Handler), lambda thing: (type(thing).__name__, ())),
    (BaseException, lambda thing: (type(thing).__qualname__, (thing.args, thing.__dict__))),
)

_PARTS_OF: dict[type, Callable[[Any], Parts]] = {}

_LABELS: dict[type, Callable[[Any], object]] = {
    types.CodeType: lambda thing: ("code", thing.co_qualname, thing.co_firstlineno),
    types.ModuleType: lambda thing: ("module", thing.__name__),
    types.FrameType: lambda _: "frame",
    types.TracebackType: lambda _: "traceback",
    types.MemberDescriptorType: lambda thing: ("descriptor", thing.__qualname__),
    types.GetSetDescriptorType: lambda thing: ("descriptor", thing.__qualname__),
    types.WrapperDescriptorType: lambda thing: ("descriptor", thing.__qualname__),
    types.MethodDescriptorType: lambda thing: ("descriptor", thing.__qualname__),
}
