"""Keeps the real world out of executions: time is virtual, randomness is seeded, the rest is refused.

While an exploration runs, `Guards` stands in for the functions through which Python code reaches clocks,
random numbers, threads, sockets and processes. Outside an execution (the judge, the report) each stand-in
calls the real function. A refusal fails the execution even where the code under test swallows it: an error
that depends on where the code runs would otherwise be judged as if it were the code's own.

What it cannot see: a clock bound with `from time import monotonic` before the exploration began, and
`datetime.datetime.now`, a method of an immutable type. The determinism check is the net below.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from machines.world import trio_internals
from machines.world.clock import VirtualClock
from machines.world.errors import RefusedError

_REMEDY = {
    "sleep": "await trio.sleep(...), which takes virtual time",
    "thread": "the run-blocking port of the world",
    "socket": "the network port of the world",
    "process": "a port of the world",
}
_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
_CALENDARS = ("gmtime", "localtime", "ctime")
_REFUSED: tuple[tuple[Any, str, str, str], ...] = (
    (time, "sleep", "time.sleep", "sleep"),
    (threading.Thread, "start", "starting a thread", "thread"),
    (socket.socket, "__init__", "a real socket", "socket"),
    (socket, "socketpair", "a real socket", "socket"),
    (socket, "getaddrinfo", "looking up a host's address", "socket"),
    (socket, "gethostbyname", "looking up a host's address", "socket"),
    (subprocess.Popen, "__init__", "starting a process", "process"),
    (os, "system", "starting a process", "process"),
    (os, "fork", "starting a process", "process"),
    (os, "posix_spawn", "starting a process", "process"),
    (os, "posix_spawnp", "starting a process", "process"),
)
"""What is refused inside an execution: (owner, name, what the refusal calls it, kind of remedy)."""


class Guards:
    """Stand-ins for real time, randomness, threads, sockets and processes, active while `executing` is true.

    State: `executing`, whether a task of an execution is being stepped; `unawaited`, the names of coroutines
    that were dropped without being awaited during this execution; `refused`, what it reached for in vain;
    `run_in_thread`, what runs a function that was meant for a thread of trio's and delivers its outcome, or
    None where threads are refused.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.executing = False
        self.unawaited: list[str] = []
        self.refused: list[RefusedError] = []
        self.run_in_thread: Callable[[Callable[[], Any], Callable[[Any], object]], None] | None = None
        self._clock = clock
        self._random: random.Random | None = None
        self._replaced: list[tuple[Any, str, Any]] = []

    def begin(self) -> None:
        """Start an execution: its random stream begins anew."""
        self._random = None
        self.unawaited.clear()
        self.refused.clear()
        self.executing = True

    def end(self) -> None:
        """End an execution."""
        self.executing = False

    def drawn(self) -> object:
        """What decides the random numbers to come: the state of the stream; None if nothing was drawn yet."""
        return None if self._random is None else self._random.getstate()

    def refusal(self, what: str, kind: str) -> RefusedError:
        """The error for a real resource of a `kind` (sleep, thread, socket, process) reached for."""
        error = RefusedError(f"{what} inside an execution: no schedule controls it; use {_REMEDY[kind]}")
        self.refused.append(error)
        return error

    def install(self) -> None:
        """Put the stand-ins in place (once per exploration, not per execution)."""
        for owner, name, stand_in in self._stand_ins():
            self._replaced.append((owner, name, getattr(owner, name)))
            setattr(owner, name, stand_in)

    def remove(self) -> None:
        """Put the real functions back."""
        while self._replaced:
            owner, name, real = self._replaced.pop()
            setattr(owner, name, real)

    def _stand_ins(self) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        for name in _CLOCKS:
            yield time, name, self._clock_in_seconds(getattr(time, name))
            yield time, f"{name}_ns", self._clock_in_nanoseconds(getattr(time, f"{name}_ns"))
        for name in _CALENDARS:
            yield time, name, self._calendar(getattr(time, name))
        yield time, "strftime", self._strftime(time.strftime, time.localtime)
        yield from self._chance()
        for owner, name, what, kind in _REFUSED:
            if hasattr(owner, name):
                yield owner, name, self._refusing(getattr(owner, name), what, kind)
        yield trio_internals.ThreadCache, "start_thread_soon", self._threaded()
        hook = "_warn_unawaited_coroutine"  # CPython calls it by this name
        yield warnings, hook, self._unawaited(getattr(warnings, hook))

    def _chance(self) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        """Every function of `random` that draws from its hidden generator, and all sources of entropy."""
        for name in dir(random):
            real = getattr(random, name)
            if isinstance(getattr(real, "__self__", None), random.Random):
                yield random, name, self._seeded(real, name)
        yield random.Random, "seed", self._seed(random.Random.seed)
        # `secrets`, `uuid4` and `random.SystemRandom` draw from these two.
        yield os, "urandom", self._entropy(os.urandom)
        yield random, "_urandom", self._entropy(os.urandom)
        if hasattr(os, "getrandom"):
            yield os, "getrandom", self._entropy(os.getrandom)
        yield uuid, "uuid1", self._uuid(uuid.uuid1)

    def _stream(self) -> random.Random:
        if self._random is None:
            self._random = random.Random(0)  # noqa: S311 - a seeded stream is the point
        return self._random

    def _clock_in_seconds(self, real: Callable[..., float]) -> Callable[..., float]:
        return lambda *which: self._clock.current_time() if self.executing else real(*which)

    def _clock_in_nanoseconds(self, real: Callable[..., int]) -> Callable[..., int]:
        return lambda *which: round(self._clock.current_time() * 1e9) if self.executing else real(*which)

    def _calendar(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def stand_in(seconds: float | None = None) -> Any:
            return real(self._clock.current_time() if self.executing and seconds is None else seconds)

        return stand_in

    def _strftime(
        self, real: Callable[..., str], localtime: Callable[[float], time.struct_time]
    ) -> Callable[..., str]:
        def stand_in(form: str, *moment: Any) -> str:
            if self.executing and not moment:
                return real(form, localtime(self._clock.current_time()))
            return real(form, *moment)

        return stand_in

    def _seeded(self, real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            drawing = getattr(self._stream(), name) if self.executing else real
            return drawing(*args, **kwargs)

        return stand_in

    def _seed(self, real: Callable[..., None]) -> Callable[..., None]:
        def stand_in(generator: random.Random, a: Any = None, *version: Any, **named: Any) -> None:
            if self.executing and a is None:
                a = self._stream().getrandbits(64)
            real(generator, a, *version, **named)

        return stand_in

    def _entropy(self, real: Callable[..., bytes]) -> Callable[..., bytes]:
        def stand_in(size: int, *flags: Any) -> bytes:
            return self._stream().randbytes(size) if self.executing else real(size, *flags)

        return stand_in

    def _uuid(self, real: Callable[..., uuid.UUID]) -> Callable[..., uuid.UUID]:
        def stand_in(*args: Any, **kwargs: Any) -> uuid.UUID:
            if not self.executing:
                return real(*args, **kwargs)
            return uuid.UUID(bytes=self._stream().randbytes(16), version=1)

        return stand_in

    def _refusing(self, real: Callable[..., Any], what: str, kind: str) -> Callable[..., Any]:
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            if self.executing:
                raise self.refusal(what, kind)
            return real(*args, **kwargs)

        return stand_in

    def _threaded(self) -> Callable[..., Any]:
        real = trio_internals.ThreadCache.start_thread_soon
        refusing = self._refusing(real, "trio.to_thread.run_sync", "thread")

        def stand_in(
            cache: Any, function: Callable[[], Any], deliver: Callable[[Any], object], name: str | None = None
        ) -> Any:
            if self.executing and self.run_in_thread is not None:
                self.run_in_thread(function, deliver)
            else:
                refusing(cache, function, deliver, name)

        return stand_in

    def _unawaited(self, real: Callable[[Any], None]) -> Callable[[Any], None]:
        def stand_in(coroutine: Any) -> None:
            if self.executing:
                self.unawaited.append(coroutine.__qualname__)
            else:
                real(coroutine)

        return stand_in
