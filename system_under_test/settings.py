"""What an operator may choose for one system."""

from attrs import frozen


@frozen
class Settings:
    """The defaults suit one process that serves some tens of requests at a time."""

    connections_max: int = 4
    """Database connections in all. One can write at a time; the others serve reads meanwhile."""

    connection_wait_ms: int = 1_000
    """How long a request waits for a free connection before it is refused with POOL_EXHAUSTED."""

    busy_first_delay_ms: int = 10
    """The first pause before a statement is tried again that met another connection's lock."""

    busy_total_delay_ms: int = 1_000
    """The pauses double while their sum stays within this: 10, 20, 40, 80, 160, 320 by default."""

    busy_jitter: float = 0.0
    """Share by which each pause may be shortened at random, so that processes do not retry in step."""
