"""How one service calls another: in process for now, journaled as if by wire.

The seam is the signature of `Calls.call`: a route, a payload that could be encoded, the function of
the callee, and handles (an open transaction) that only a callee in the same process can take. The
payload is copied, so that caller and callee share nothing that either could change, and the journal
keeps its digest and never its values. A call adds no suspension point of its own: it suspends where
the callee does. A network will stand between the two ends of `call` without either noticing.
"""

import json
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any, Concatenate, ParamSpec, TypeVar

from attrs import frozen

from system_under_test.communication.messages import Message, Route
from system_under_test.errors import ServiceError
from system_under_test.ports import Ports
from system_under_test.security import Context

Payload = TypeVar("Payload")
Reply = TypeVar("Reply")
Handles = ParamSpec("Handles")

_SCALARS = frozenset({str, int, bool, float, type(None)})
_DIGEST_BYTES = 16
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

CANCELLED = "CANCELLED"
FAILED = "FAILED"
"""The outcome of a call that raised something else than a service's own error: a bug."""


def digest(payload: object) -> str:
    """BLAKE2b-128 in hex of `payload` as JSON with sorted keys, no spaces, and ASCII escapes.

    What JSON cannot hold (it is on its way to being refused) has the digest of the text `unencodable`.
    """
    try:
        encoded = _ENCODER.encode(payload).encode("ascii")
    except (TypeError, ValueError, RecursionError):
        encoded = b"unencodable"
    return blake2b(encoded, digest_size=_DIGEST_BYTES).hexdigest()


def copied(payload: Any) -> Any:
    """`payload` with no dict or list of it shared; other values are immutable or about to be refused."""
    kind = type(payload)
    if kind is dict:
        return {key: value if type(value) in _SCALARS else copied(value) for key, value in payload.items()}
    if kind is list:
        return [value if type(value) in _SCALARS else copied(value) for value in payload]
    return payload


@frozen
class Calls:
    """The way between services that live in one process."""

    _ports: Ports

    async def call(
        self,
        context: Context,
        route: Route,
        payload: Payload,
        function: Callable[Concatenate[Context, Payload, Handles], Awaitable[Reply]],
        *handles: Handles.args,
        **named_handles: Handles.kwargs,
    ) -> Reply:
        """What `function(context, copy of payload, *handles)` answers or raises, journaled once."""
        sent_ms = self._ports.clock.now_ms()
        try:
            reply = await function(context, copied(payload), *handles, **named_handles)
        except GeneratorExit:
            raise  # The whole task is thrown away: nobody is left who could tell an outcome.
        except BaseException as error:
            self._record(context, route, payload, sent_ms, outcome_of_error(error))
            raise
        self._record(context, route, payload, sent_ms, outcome_of_reply(reply))
        return reply

    def _record(self, context: Context, route: Route, payload: object, sent_ms: int, outcome: str) -> None:
        self._ports.journal.record(
            Message(
                context.correlation_id,
                context.principal,
                route.caller,
                route.callee,
                route.operation,
                digest(payload),
                1,
                sent_ms,
                self._ports.clock.now_ms(),
                outcome,
            )
        )


def outcome_of_reply(reply: object) -> str:
    """`ok`, or what the reply says of itself: a verdict may be a refusal without being an error."""
    outcome: str = getattr(reply, "outcome", "ok")
    return outcome


def outcome_of_error(error: BaseException) -> str:
    """The code of a service's error; else whether the call was cancelled or broke."""
    if isinstance(error, ServiceError):
        return error.code
    return FAILED if isinstance(error, Exception) else CANCELLED
