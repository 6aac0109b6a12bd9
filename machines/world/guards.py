"""Keeps the real world out of executions: real time is virtual, real randomness is seeded, the rest is refused.

While an exploration runs, `Guards` stands in for the functions through which Python code reaches clocks, random
numbers, threads, sockets and processes. Outside an execution (the judge, the report) each stand-in calls the real
function. What it cannot see: a name bound with `from time import monotonic` before the exploration began, and
`datetime.datetime.now`, a method of an immutable type. The determinism check is the net below.
"""

from __future__ import annotations

import os
import random
import secrets
import socket
import subprocess
import threading
import time
import types
import uuid
import warnings
from collections.abc import Callable
from typing import Any

from machines.world.clock import VirtualClock
from machines.world.errors import RefusedError

_REMEDY = {
    "sleep": "await trio.sleep(...), which takes virtual time",
    "thread": "the run-blocking port of the world, or trio.to_thread through it",
    "socket": "the network port of the world",
    "process": "a port of the world",
}
_CLOCKS = ("time", "monotonic", "perf_counter")
_RANDOM = (
    "random",
    "uniform",
    "randint",
    "randrange",
    "choice",
    "choices",
    "sample",
    "shuffle",
    "gauss",
    "expovariate",
    "betavariate",
    "normalvariate",
    "triangular",
    "getrandbits",
    "randbytes",
)


def refusal(what: str, kind: str) -> RefusedError:
    """The error for a real resource of a `kind` (sleep, thread, socket, process) reached inside an execution."""
    return RefusedError(f"{what} inside an execution: no schedule controls it; use {_REMEDY[kind]}")


class Guards:
    """Stand-ins for real time, randomness, threads, sockets and processes, active while `executing` is true.

    State: `executing`, whether a task of an execution is being stepped; `unawaited`, the names of coroutines that
    were dropped without being awaited during this execution.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.executing = False
        self.unawaited: list[str] = []
        self._clock = clock
        self._random: random.Random | None = None
        self._replaced: list[tuple[Any, str, Any]] = []

    def begin(self) -> None:
        """Start an execution: its random stream begins anew."""
        self._random = None
        self.unawaited.clear()
        self.executing = True

    def end(self) -> None:
        """End an execution."""
        self.executing = False

    def install(self) -> None:
        """Put the stand-ins in place (once per exploration, not per execution)."""
        for name in _CLOCKS:
            self._replace(time, name, self._virtual(getattr(time, name), lambda: self._clock.seconds))
            self._replace(
                time,
                f"{name}_ns",
                self._virtual(getattr(time, f"{name}_ns"), lambda: round(self._clock.seconds * 1e9)),
            )
        for name in _RANDOM:
            self._replace(random, name, self._seeded(getattr(random, name), name))
        self._replace(os, "urandom", self._seeded(os.urandom, "randbytes"))
        self._replace(secrets, "token_bytes", self._seeded(secrets.token_bytes, "randbytes", 32))
        self._replace(uuid, "uuid4", self._uuid(uuid.uuid4))
        self._replace(uuid, "uuid1", self._uuid(uuid.uuid1))
        self._replace(time, "sleep", self._refused(time.sleep, "time.sleep", "sleep"))
        self._replace(
            threading.Thread, "start", self._refused(threading.Thread.start, "starting a thread", "thread")
        )
        self._replace(socket, "socket", _refusing_class(self, socket.socket, "a real socket", "socket"))
        self._replace(
            subprocess, "Popen", _refusing_class(self, subprocess.Popen, "starting a process", "process")
        )
        self._replace(
            warnings,
            "_warn_unawaited_coroutine",
            self._unawaited(warnings._warn_unawaited_coroutine),  # type: ignore[attr-defined] # noqa: SLF001 - CPython's own hook
        )

    def remove(self) -> None:
        """Put the real functions back."""
        while self._replaced:
            owner, name, real = self._replaced.pop()
            setattr(owner, name, real)

    def _replace(self, owner: Any, name: str, stand_in: Any) -> None:
        self._replaced.append((owner, name, getattr(owner, name)))
        setattr(owner, name, stand_in)

    def _stream(self) -> random.Random:
        if self._random is None:
            self._random = random.Random(0)  # noqa: S311 - a seeded stream is the point
        return self._random

    def _virtual(self, real: Callable[[], Any], virtual: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: virtual() if self.executing else real()

    def _seeded(self, real: Callable[..., Any], name: str, *default: Any) -> Callable[..., Any]:
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            if not self.executing:
                return real(*args, **kwargs)
            return getattr(self._stream(), name)(*(args or default), **kwargs)

        return stand_in

    def _uuid(self, real: Callable[..., uuid.UUID]) -> Callable[..., uuid.UUID]:
        def stand_in(*args: Any, **kwargs: Any) -> uuid.UUID:
            if not self.executing:
                return real(*args, **kwargs)
            return uuid.UUID(bytes=self._stream().randbytes(16), version=4)

        return stand_in

    def _refused(self, real: Callable[..., Any], what: str, kind: str) -> Callable[..., Any]:
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            if self.executing:
                raise refusal(what, kind)
            return real(*args, **kwargs)

        return stand_in

    def _unawaited(self, real: Callable[[Any], None]) -> Callable[[Any], None]:
        def stand_in(coroutine: Any) -> None:
            if not self.executing:
                real(coroutine)
                return
            self.unawaited.append(coroutine.__qualname__)

        return stand_in


def _refusing_class(guards: Guards, real: type, what: str, kind: str) -> type:
    """A subclass of `real` that refuses to be made inside an execution, so that `isinstance` still works."""

    def make(cls: type, *args: Any, **kwargs: Any) -> Any:
        if guards.executing:
            raise refusal(what, kind)
        return real.__new__(cls, *args, **kwargs) if real.__new__ is not object.__new__ else object.__new__(cls)

    return types.new_class(real.__name__, (real,), {}, lambda body: body.update(__new__=make))
