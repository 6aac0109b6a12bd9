"""What a coroutine does when it is thrown away in the middle, as at the end of an interpreter: nothing."""

import types
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import evolve, frozen

from system_under_test.ports import Arguments, Result
from system_under_test.security import WRITE
from system_under_test.settings import Settings
from system_under_test.system import open_system
from tests.system.support import LATER_MS, HookedThreads, Log, StandingClock, draft, make_ports

Answer = TypeVar("Answer")


@types.coroutine
def forever() -> Generator[None, None, None]:
    """Suspends and is never resumed."""
    yield


@frozen
class StallingAt:
    """Runs blocking calls at once, but for the statement that it never comes back from."""

    prefix: str

    async def __call__(self, function: Callable[[*Arguments], Result], /, *args: *Arguments) -> Result:
        """The result of `function(*args)`, or none."""
        if any(isinstance(each, str) and each.startswith(self.prefix) for each in args):
            await forever()
        return function(*args)


def finish(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """The answer of a coroutine that never suspends."""
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    answer: Answer = stopped.value.value
    return answer


@pytest.mark.parametrize("prefix", ["BEGIN", "INSERT INTO audit", "COMMIT"])
def test_a_change_thrown_away_suspends_no_more(tmp_path: Path, prefix: str) -> None:
    """Closed in the middle of a change, it journals no outcome and gives up its connection untouched."""
    journal = Log()
    ports = make_ports(tmp_path / "personalities.db", StandingClock(), journal, HookedThreads())
    ports = evolve(ports, run_blocking=StallingAt(prefix))
    system = finish(open_system(ports, Settings(connections_max=1)))
    system.access.grant("ada", WRITE)
    pool = system.database.connections
    connection = pool._idle[0]
    change = system.personalities.create(system.authority.issue("ada", "c-1", LATER_MS), draft())
    change.send(None)
    assert pool.in_use == 1
    told = len(journal.messages)
    change.close()
    assert (pool.in_use, pool.idle, len(journal.messages)) == (0, 0, told)
    assert connection.in_transaction == (prefix != "BEGIN")
    connection.close()
