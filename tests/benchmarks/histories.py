"""Histories of services that do not exist, made from a seed, in the shapes that checkers are compared by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappop, heappush
from itertools import count as count_from_zero
from random import Random
from typing import Any

from attrs import define, field

from model.history import INDETERMINATE, Call
from model.judges.isolation.history import Operation as TransactionOperation
from model.judges.isolation.history import Read as VersionRead
from model.judges.isolation.history import Transaction
from model.judges.isolation.history import Write as VersionWrite
from model.specification.interface import Specification
from model.specification.key_value import Append, Get, KeyValueSpecification, Put
from model.specification.registers import (
    CompareAndSet,
    Read,
    RegisterSpecification,
    VersionedRegisterSpecification,
    Write,
)

_TICKS = 1_000
_HAPPENED = 0.5
_WRITES = 0.4


@define
class Service:
    """A simulated service whose every call takes effect at one moment between its invocation and its answer.

    `timeout` is the share of calls that are never answered, half of which take effect, perhaps much later;
    `stale` is the share of reads that are answered from a copy that is behind; `slowness(client)` is how long
    a call of that client takes, in ticks, about. State: what the service holds, a copy of it that is one
    change behind, the calls made, and what is to happen when.
    """

    specification: Specification[Any]
    random: Random
    operation: Callable[[Random], Any]
    slowness: Callable[[int], int]
    timeout: float = 0.0
    stale: float = 0.0
    state: Any = field(init=False)
    copy: Any = field(init=False)
    calls: list[Call] = field(factory=list, init=False)
    left: int = field(default=0, init=False)
    agenda: list[tuple[int, int, Callable[[int], None]]] = field(factory=list, init=False)
    order: Iterator[int] = field(factory=count_from_zero, init=False)
    names: Iterator[int] = field(factory=count_from_zero, init=False)

    def run(self, clients: int, count: int) -> list[Call]:
        """That many calls, in the order of their invocation."""
        self.state = self.copy = self.specification.initial
        self.left = count
        for client in range(clients):
            self.at(self.random.randrange(_TICKS), partial(self.invoke, client, next(self.names)))
        while self.agenda:
            now, _, happen = heappop(self.agenda)
            happen(now)
        return sorted(self.calls, key=_invoked)

    def at(self, time: int, happen: Callable[[int], None]) -> None:
        """Note what is to happen when; what is noted first happens first."""
        heappush(self.agenda, (time, next(self.order), happen))

    def invoke(self, client: int, process: int, now: int) -> None:
        """A client calls, and is answered, or gives up and goes on under another name."""
        if self.left == 0:
            return
        self.left -= 1
        asked, long = self.operation(self.random), self.slowness(client)
        if self.random.random() >= self.timeout:
            effect = now + self.random.randrange(1, long)
            self.at(effect, partial(self.take_effect, client, process, asked, now))
            return
        self.calls.append(Call(f"{process}", asked, now, None, INDETERMINATE))
        if self.random.random() < _HAPPENED:
            self.at(now + self.random.randrange(1, 20 * long), partial(self.take_effect_late, asked))
        self.at(now + 2 * long, partial(self.invoke, client, next(self.names)))

    def take_effect(self, client: int, process: int, asked: Any, invoked: int, now: int) -> None:
        """The service answers, and the answer is on its way."""
        long = self.slowness(client)
        answer = self.answer(asked)
        returned = now + self.random.randrange(1, long)
        self.calls.append(Call(f"{process}", asked, invoked, returned, answer))
        self.at(returned + self.random.randrange(1, 1 + long // 4), partial(self.invoke, client, process))

    def take_effect_late(self, asked: Any, _now: int) -> None:
        """The service does what nobody waits for any more."""
        self.answer(asked)

    def answer(self, asked: Any) -> object:
        """Let the service do what is asked, now and then from the copy."""
        if self.specification.is_observer(asked) and self.random.random() < self.stale:
            return self.specification.apply(self.copy, asked)[1]
        before = self.state
        self.state, answer = self.specification.apply(before, asked)
        if self.state is not before:
            self.copy = before
        return answer


def _invoked(call: Call) -> int:
    return call.invoked


def _steadily(ticks: int) -> Callable[[int], int]:
    return lambda _client: ticks


def etcd_like(seed: int, count: int = 170, *, timeout: float = 0.2, stale: float = 0.0) -> list[Call]:
    """Five clients read, write and compare-and-set one register of five values, as Jepsen asks etcd."""
    random = Random(seed)  # noqa: S311 - histories, not secrets

    def operation(random: Random) -> Any:
        kind = random.randrange(3)
        if kind == 0:
            return Read("x")
        if kind == 1:
            return Write("x", random.randrange(5))
        return CompareAndSet("x", random.randrange(5), random.randrange(5))

    service = Service(RegisterSpecification(), random, operation, _steadily(100), timeout, stale)
    return service.run(5, count)


def key_value_like(seed: int, clients: int = 50, count: int = 1500, *, stale: float = 0.0) -> list[Call]:
    """Clients append to, put and get ten keys; a few are quick, and most take as long as fifty quick ones."""
    random = Random(seed)  # noqa: S311 - histories, not secrets
    written: Iterator[int] = iter(range(10**9))

    def operation(random: Random) -> Any:
        key, kind = str(random.randrange(10)), random.randrange(20)
        if kind < 9:
            return Get(key)
        text = f"x {next(written)} y"
        return Put(key, text) if kind == 19 else Append(key, text)

    def slowness(client: int) -> int:
        return 40 if client < clients // 6 else 2_000

    return Service(KeyValueSpecification(), random, operation, slowness, stale=stale).run(clients, count)


def versioned_like(
    seed: int, count: int, clients: int = 10, *, timeout: float = 0.0, stale: float = 0.0, keys: int = 1
) -> list[Call]:
    """Clients read, write and compare-and-set versioned registers."""
    random = Random(seed)  # noqa: S311 - histories, not secrets

    def operation(random: Random) -> Any:
        key, kind = random.randrange(keys), random.randrange(4)
        if kind < 2:
            return Read(key)
        if kind == 2:
            return Write(key, random.randrange(1000))
        return CompareAndSet(key, random.randrange(1 + count // 3), random.randrange(1000))

    service = Service(VersionedRegisterSpecification(), random, operation, _steadily(100), timeout, stale)
    return service.run(clients, count)


def transactions_like(
    seed: int, count: int, keys: int | None = None, *, sessions: int = 20, skewed: int = 0
) -> list[Transaction]:
    """Transactions that read two to five versioned registers, serializable but for `skewed` write skews."""
    random = Random(seed)  # noqa: S311 - histories, not secrets
    versions = [0] * (keys or max(10, count // 20))
    made: list[Transaction] = []
    for number in range(count):
        operations: list[TransactionOperation] = []
        for key in random.sample(range(len(versions)), random.randrange(2, 6)):
            operations.append(VersionRead(key, versions[key]))
            if random.random() < _WRITES:
                versions[key] += 1
                operations.append(VersionWrite(key, versions[key]))
        times = (10 * number, 10 * number + random.randrange(1, 60))
        made.append(
            Transaction(
                f"T{number}", operations, number % sessions, "ok", *_apart(times, made, number, sessions)
            )
        )
    for _ in range(skewed):
        at = random.randrange(count)
        one, other = (f"skew {at} a", f"skew {at} b")
        made.insert(
            at, Transaction(f"T{at}a", (VersionRead(one, 0), VersionRead(other, 0), VersionWrite(one, 1)))
        )
        made.insert(
            at, Transaction(f"T{at}b", (VersionRead(one, 0), VersionRead(other, 0), VersionWrite(other, 1)))
        )
    return made


def _apart(
    times: tuple[int, int], made: list[Transaction], number: int, sessions: int
) -> tuple[float, float]:
    """Times that do not begin before the session's last transaction ended."""
    before = made[number - sessions].returned if number >= sessions else None
    return max(times[0], before or 0), max(times[1], (before or 0) + 1)
