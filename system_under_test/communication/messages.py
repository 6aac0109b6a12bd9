"""What the journal keeps of one call between two services."""

from attrs import frozen


@frozen
class Message:
    """One attempt of one call, from sending to its one outcome; it holds no value of the payload."""

    correlation_id: str
    principal: str
    caller: str
    callee: str
    operation: str
    payload_digest: str
    """BLAKE2b-128, in hex, of the payload as canonical JSON (see `calls.digest`)."""
    attempt: int
    sent_ms: int
    done_ms: int
    outcome: str
    """`ok`, an error code, or `CANCELLED`."""


@frozen
class Route:
    """Who asks whom for what."""

    caller: str
    callee: str
    operation: str
