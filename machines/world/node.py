"""A node: one process of the system under test on its own disk, with every port of it simulated.

A node can be copied. When nothing is in flight, all that it is lies in its disk, its clock, its random
streams and the object graph of its system; a `Snapshot` holds these, and a fresh node made from it goes on
exactly as the first would have. The system is copied by pickling, with its ports and database connections
left out and put back from the new node: C code, about ten microseconds, and an object that cannot be copied
soundly (a lock that is held, a closure) is refused instead of shared. That a copy goes on like the original
is checked for every program: at its end all its phases run again in one world, from the very beginning
(`machines.exploring.check_from_genesis`).

A crash forgets: the system object is dropped with its tasks and connections, the disk keeps what it had
synced and what the crash lets survive, and `restart` starts the system on that.
"""

from __future__ import annotations

import contextvars
import io
import pickle
import uuid
from collections.abc import Callable
from typing import Any

import apsw
import trio
from attrs import define, field, fields, frozen

from machines.subject import Subject
from machines.world.clock import VirtualClock
from machines.world.disk import Disk, Image
from machines.world.kernel import Execution
from machines.world.sqlite import databases
from system_under_test.communication.messages import Message
from system_under_test.ports import Arguments, Ports, Result, RunBlocking

NODE = "node"
REQUEST: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="start")
_NAMESPACE = uuid.UUID("6f1d4bb2-6f0a-4e51-9a37-7a3d5a0c0f11")


class UncopyableSystemError(TypeError):
    """The system holds something that cannot be copied, so that its state cannot be the start of a burst."""


class RequestRandomness:
    """Chance that depends on the request that asks and on nothing else, so that no schedule changes an id.

    State: how many draws each request has made.
    """

    def __init__(self) -> None:
        self.draws: dict[str, int] = {}

    def uuid(self) -> str:
        """The next id for the request under way."""
        request = REQUEST.get()
        draw = self.draws.get(request, 0)
        self.draws[request] = draw + 1
        return predicted_uuid(request, draw)

    def uniform(self, low: float, high: float) -> float:
        """The middle: delays that differ are the scheduler's matter."""
        return (low + high) / 2


def predicted_uuid(request: str, draw: int = 0) -> str:
    """The id that the `draw`-th question for one gets, while `request` is under way."""
    return str(uuid.uuid5(_NAMESPACE, f"{request}/{draw}"))


class InlineBlocking(RunBlocking):
    """Runs blocking functions in place, after one suspension: where a thread would have been started.

    State: the execution that is told what runs, if it is recorded in detail.
    """

    def __init__(self) -> None:
        self.execution: Execution | None = None

    async def __call__(self, function: Callable[[*Arguments], Result], /, *args: *Arguments) -> Result:
        """Suspend once, then call."""
        await trio.lowlevel.checkpoint()
        execution = self.execution
        if execution is None or execution.observer is None:
            return function(*args)
        described = _describe(function, args)
        try:
            result = function(*args)
        except Exception as error:
            execution.note(f"{described} -> {type(error).__name__}")
            raise
        execution.note(described)
        return result


def _describe(function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """A statement by its first words, anything else by its function's name."""
    statement = next((arg for arg in args if isinstance(arg, str)), None)
    if statement is None:
        return getattr(function, "__qualname__", repr(type(function).__name__)).split(".")[-1]
    words = " ".join(statement.split())
    return words if len(words) <= _STATEMENT_CHARACTERS else words[: _STATEMENT_CHARACTERS - 3] + "..."


_STATEMENT_CHARACTERS = 70


class MemoryJournal:
    """Keeps the messages between services, in the order in which their calls ended."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def record(self, message: Message, /) -> None:
        """Keep one."""
        self.messages.append(message)


class OpenOnNode:
    """Opens connections to the node's database.

    State: `connections`, in the order of their opening, closed ones included.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.connections: list[apsw.Connection] = []

    def __call__(self) -> apsw.Connection:
        """One more connection."""
        label = f"connection {len(self.connections)}"
        connection = databases().connect(NODE, self.subject.database, self.subject.prepare, label)
        self.connections.append(connection)
        return connection


@frozen
class Snapshot:
    """A quiet node: all that its future depends on."""

    disk: Image
    seconds: float
    draws: tuple[tuple[str, int], ...]
    system: bytes


@define(eq=False)
class Node:
    """State: `disk`, the ports, and the running `system` (None before its first start and after a crash)."""

    subject: Subject
    clock: VirtualClock
    disk: Disk
    randomness: RequestRandomness = field(factory=RequestRandomness)
    blocking: InlineBlocking = field(factory=InlineBlocking)
    journal: MemoryJournal = field(factory=MemoryJournal)
    system: Any = None
    open: OpenOnNode = field(init=False)
    ports: Ports = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.open = OpenOnNode(self.subject)
        self.ports = Ports(self.clock, self.randomness, self.blocking, self.open, self.journal)
        databases().mount(NODE, self.disk)

    @classmethod
    def fresh(cls, subject: Subject, clock: VirtualClock) -> Node:
        """A node with an empty disk on which nothing runs yet."""
        return cls(subject, clock, Disk())

    @classmethod
    def from_snapshot(cls, subject: Subject, clock: VirtualClock, snapshot: Snapshot) -> Node:
        """A node that goes on from there."""
        clock.seconds = snapshot.seconds
        node = cls(subject, clock, Disk.from_image(snapshot.disk))
        node.randomness.draws.update(snapshot.draws)
        unpickler = _Unpickler(io.BytesIO(snapshot.system))
        unpickler.node = node
        node.system = unpickler.load()
        return node

    def snapshot(self) -> Snapshot:
        """This node, which must be quiet; raises `UncopyableSystemError`."""
        buffer = io.BytesIO()
        pickler = _Pickler(buffer, protocol=5)
        pickler.node = self
        try:
            pickler.dump(self.system)
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            raise UncopyableSystemError(
                f"the running {self.subject.name} holds something that cannot be copied: {error}. Keep "
                "closures, tasks, open files and held locks out of what lives from one operation to the "
                "next, or in a port"
            ) from error
        draws = tuple(sorted(self.randomness.draws.items()))
        return Snapshot(self.disk.image(), self.clock.seconds, draws, buffer.getvalue())

    async def start(self) -> None:
        """Start the system on what the disk holds."""
        self.system = await self.subject.start(self.ports)

    def crash(self, execution: Execution) -> None:
        """Stop everything where it stands, lose the memory, let the disk fall as the schedule says."""
        execution.freeze(NODE)
        options = {option.name: option for option in self.disk.crash_options()}
        self.disk.crash(options[execution.variant(list(options))])
        self.system = None
        self.open.connections.clear()
        execution.spawn("restart", self.start, node=NODE)

    def close(self) -> None:
        """Hand the connections back; the node is of no use afterwards."""
        databases().release_all()


class _Pickler(pickle.Pickler):
    """State: the node whose ports and connections are left out of the copy."""

    node: Node

    def persistent_id(self, obj: Any) -> tuple[str, Any] | None:
        """Ports by their name, connections by their place."""
        if isinstance(obj, apsw.Connection):
            return ("connection", self.node.open.connections.index(obj))
        ports = self.node.ports
        if obj is ports:
            return ("port", None)
        return next((("port", name) for name in _PORTS if obj is getattr(ports, name)), None)


class _Unpickler(pickle.Unpickler):
    """State: the node whose ports and connections are put in."""

    node: Node

    def persistent_load(self, pid: tuple[str, Any]) -> Any:
        """The new node's own."""
        kind, which = pid
        ports = self.node.ports
        if kind == "port":
            return ports if which is None else getattr(ports, which)
        while len(self.node.open.connections) <= which:
            self.node.open()
        return self.node.open.connections[which]


_PORTS = tuple(port.name for port in fields(Ports))
