"""What the tests of the services share: a real file, real threads, a clock that stands still, hooks."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw
import pytest
import trio
from attrs import define, evolve, field, frozen

from system_under_test.communication.messages import Message
from system_under_test.errors import Code, ServiceError
from system_under_test.ports import Arguments, Ports, Result
from system_under_test.production import Threads, production_ports
from system_under_test.security import READ, WRITE, Context
from system_under_test.services.fields import TRAITS, Entity
from system_under_test.settings import Settings
from system_under_test.system import System, open_system

SECRET = "whisper the vault code"  # noqa: S105 - an instruction that must not leak, not a password
NOON_MS = 43_200_000
LATER_MS = 10**9

Answer = TypeVar("Answer")


@define(eq=False)
class StandingClock:
    """A clock that the test moves."""

    at_ms: int = NOON_MS

    def now_ms(self) -> int:
        """The time that the test set."""
        return self.at_ms


@define(eq=False)
class Log:
    """A journal that is a list."""

    messages: list[Message] = field(factory=list)

    def record(self, message: Message, /) -> None:
        """Keeps one finished call."""
        self.messages.append(message)


@define(eq=False)
class HookedThreads:
    """Production threads; `before` and `after` see the statement of each call and may interfere."""

    threads: Threads = field(factory=Threads)
    before: Callable[[str], None] | None = None
    after: Callable[[str], None] | None = None
    statements: list[str] = field(factory=list)

    async def __call__(self, function: Callable[[*Arguments], Result], /, *args: *Arguments) -> Result:
        """Runs the function on a thread between the two hooks."""
        statement = next((each for each in args if isinstance(each, str)), "")
        self.statements.append(statement)
        if self.before:
            self.before(statement)
        result = await self.threads(function, *args)
        if self.after:
            self.after(statement)
        return result


@frozen
class World:
    """One open system on a real file."""

    system: System
    path: Path
    clock: StandingClock
    journal: Log
    blocking: HookedThreads

    def context(self, correlation_id: str = "c-1", principal: str = "ada") -> Context:
        """A genuine context of a principal who may read and write."""
        self.system.access.grant(principal, READ, WRITE)
        return self.system.authority.issue(principal, correlation_id, LATER_MS)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What another connection reads from the file."""
        connection = apsw.Connection(str(self.path))
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def audit(self) -> list[tuple[Any, ...]]:
        """Correlation id, operation and kind of each audit entry, in order."""
        return self.rows("SELECT correlation_id, operation, kind FROM audit ORDER BY sequence")


def run(
    folder: Path, scenario: Callable[[World], Awaitable[Answer]], settings: Settings | None = None
) -> Answer:
    """Runs `scenario` against a fresh system; afterwards every connection must be back and idle."""

    async def main() -> Answer:
        path = folder / "personalities.db"
        clock, journal, blocking = StandingClock(), Log(), HookedThreads()
        ports = make_ports(path, clock, journal, blocking)
        system = await open_system(ports, settings or Settings(connections_max=2))
        answer = await scenario(World(system, path, clock, journal, blocking))
        assert system.database.connections.in_use == 0
        blocking.before = blocking.after = None
        await system.close()
        return answer

    return trio.run(main)


def make_ports(path: Path, clock: StandingClock, journal: Log, blocking: HookedThreads) -> Ports:
    """Production ports but for the clock, the journal, and the hooks around threads."""
    return evolve(production_ports(path), clock=clock, journal=journal, run_blocking=blocking)


def draft(name: str = "Grace", **fields: Any) -> Entity:
    """A valid draft."""
    return {"name": name, **dict.fromkeys(TRAITS, 50), **fields}


async def refusal(code: Code, answer: Awaitable[object]) -> ServiceError:
    """The error with `code` that `answer` must raise."""
    with pytest.raises(ServiceError) as caught:
        await answer
    assert caught.value.code == code
    return caught.value


def fail_at(prefix: str, error: Exception) -> Callable[[str], None]:
    """A hook that raises `error` at the first statement that begins with `prefix`, and only there."""
    left = [error]

    def hook(statement: str) -> None:
        if left and statement.startswith(prefix):
            raise left.pop()

    return hook
