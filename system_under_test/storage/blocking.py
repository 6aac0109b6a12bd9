"""Blocking database calls: off the event loop, tried again while another connection holds the lock.

SQLite answers BUSY at once because no busy handler is installed: a handler would sleep inside the
blocking call, holding a thread, deaf to cancellation. So every call, be it BEGIN, COMMIT or a lone
SELECT, that meets a lock is repeated here after a pause on trio's clock, each twice the one before.
Repeating is sound because BUSY means that the statement had no effect and that the transaction, if
there is one, is as it was. A deadlock cannot come of it: a writer takes its lock with BEGIN IMMEDIATE
before it reads, so nobody waits while holding what the other needs, except a COMMIT waiting for reads
that end by themselves.
"""

from collections.abc import Callable, Iterator

import apsw
import trio
from attrs import frozen

from system_under_test.errors import Request
from system_under_test.ports import Arguments, Ports, Result
from system_under_test.settings import Settings
from system_under_test.storage.translation import BUSY_ERRORS, translated

_MS_PER_SECOND = 1_000


@frozen
class Blocking:
    """Runs functions that use a database connection, in the course of a request."""

    _ports: Ports
    _settings: Settings

    async def run(
        self, request: Request, function: Callable[[*Arguments], Result], /, *args: *Arguments
    ) -> Result:
        """The result of `function(*args)`; database errors come out as `ServiceError`."""
        try:
            return await self._ports.run_blocking(function, *args)
        except BUSY_ERRORS as error:
            busy: apsw.Error = error
        except apsw.Error as error:
            raise translated(error, request) from error
        return await self._run_again(request, busy, function, *args)

    async def _run_again(
        self,
        request: Request,
        busy: apsw.Error,
        function: Callable[[*Arguments], Result],
        /,
        *args: *Arguments,
    ) -> Result:
        for delay_ms in self._delays_ms():
            await trio.sleep(delay_ms / _MS_PER_SECOND)
            try:
                return await self._ports.run_blocking(function, *args)
            except BUSY_ERRORS as error:
                busy = error
            except apsw.Error as error:
                raise translated(error, request) from error
        raise translated(busy, request) from busy

    def _delays_ms(self) -> Iterator[float]:
        """Doubling pauses whose undiminished sum stays within the budget."""
        delay_ms = self._settings.busy_first_delay_ms
        left_ms = self._settings.busy_total_delay_ms
        while delay_ms <= left_ms:
            yield self._jittered(delay_ms)
            left_ms -= delay_ms
            delay_ms *= 2

    def _jittered(self, delay_ms: int) -> float:
        jitter = self._settings.busy_jitter
        return delay_ms * (1 - self._ports.randomness.uniform(0, jitter)) if jitter else delay_ms
