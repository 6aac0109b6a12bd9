"""The databases of a world: apsw connections to files on simulated disks, kept warm from world to world.

Opening a connection, parsing the schema and preparing the statements costs more than a whole execution. So
a connection whose world has ended is kept, with its prepared statements, and the next world's file is put
under it. Three things must not come along from the old world.

*Pages.* Whenever SQLite takes a SHARED lock it compares bytes 24 to 39 of the file (change counter, pages,
free pages) with those that it remembers, and forgets every cached page if they differ. Two images may well
have equal ones. So the first such read after the change of disks is answered with bytes that no database
can have: SQLite forgets all its pages, exactly once, and reads the true bytes with page 1. No image is
altered. Rejected: a change counter of our own in each world (it would make the content of an image depend
on the history of the process, and 32 bits wrap around while some idle connection still remembers the
value); answering every such read that way (every transaction would read all its pages again).

*The schema.* SQLite parses it again when the schema cookie (bytes 40 to 43) differs from the one it
remembers; different schemas may have equal cookies. So a connection remembers the blocks that were read
when it parsed the schema, and fits only a file in which they are the same, the cookie among them. It is
dropped if they have changed when its world ends. A hot journal may still change the schema under it:
rolling back a change of the schema changes the cookie, so then SQLite notices.

*State.* A connection that is in a transaction, in the middle of a statement, holds a lock, is dead from a
crash, has temporary tables or has attached a database is closed and dropped.

A world must not be able to tell a warm connection from a new one, or its course would depend on what the
process did before. So a new one is opened, parses the schema and is set up on a scratch copy of the disk,
and then changes disks just as a warm one does: the real disk sees the same calls either way. Opening draws
from SQLite's random generator, so that is seeded again with each connection that is handed out, by how
many there were since a disk was mounted. What still differs, and no service may use: `total_changes`,
`changes` before the first change, `data_version`. What a service sets on a connection outside its set-up
(a pragma, a function, a hook) goes along from world to world: it must not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import apsw
from attrs import define, field, frozen

from machines.world.disk import DEAD, Disk
from machines.world.disk_faults import CHANGES
from machines.world.disk_file import BLOCK_BYTES, Inode
from machines.world.sqlite_file import File
from machines.world.sqlite_vfs import VFS_NAME, SimulatedVFS, SteadySeeds

SetUp: TypeAlias = Callable[[apsw.Connection], None]
_LEVEL_NAMES = ("NONE", "SHARED", "RESERVED", "PENDING", "EXCLUSIVE")
_IDLE_MAX = 8  # of one database and one set-up: more than any pool of a service, few enough to search
_ALWAYS_THERE = ["main", "temp"]


@frozen
class HeldLock:
    """A lock on a database: who holds it, and its level by SQLite's name."""

    node: str
    file: str
    holder: str
    level: str


@define(eq=False)
class Warm:
    """A connection, its file, and the blocks from which it parsed its schema, by number."""

    connection: apsw.Connection
    file: File
    place: tuple[str, str, SetUp]
    schema: dict[int, bytes] = field(factory=dict)

    def fits(self, inode: Inode) -> bool:
        """Whether this file has the schema that the connection knows."""
        return all(_same(number, block, _block(inode, number)) for number, block in self.schema.items())

    def is_clean(self) -> bool:
        """Whether nothing of its world is left in the connection."""
        file, connection = self.file, self.connection
        return (
            file.inode is not DEAD
            and not file.lock_level
            and not connection.in_transaction
            and not connection.txn_state()
            and connection.db_filename("temp") is None
            and connection.db_names() == _ALWAYS_THERE
            and self.fits(file.inode)
        )

    def close(self) -> None:
        """Close the connection, whatever state it is in: SQLite frees everything even where it complains."""
        self.schema.clear()
        try:
            self.connection.close()
        except apsw.Error:
            self.file.unbind()


@define(eq=False)
class Databases:
    """The connections of a process. Mutable state: those handed out, and the idle ones by their place.

    `connects` counts the connections since the last disk was mounted. One world lives at a time: mount its
    disks, connect, and `release_all` at its end.
    """

    vfs: SimulatedVFS = field(factory=SimulatedVFS)
    seeds: SteadySeeds = field(factory=SteadySeeds)
    out: dict[apsw.Connection, Warm] = field(factory=dict)
    idle: dict[tuple[str, str, SetUp], list[Warm]] = field(factory=dict)
    connects: int = 0

    def mount(self, node: str, disk: Disk) -> None:
        """Let `/NODE/...` be files of this disk, until another is mounted or the world ends."""
        self.connects = 0
        self.vfs.disks[node] = disk

    def set_clock(self, now_ms: Callable[[], int]) -> None:
        """Where SQLite's date functions find the time: milliseconds since 1970."""
        self.vfs.now_ms = now_ms

    def connect(self, node: str, path: str, set_up: SetUp, label: str = "") -> apsw.Connection:
        """A connection to a file of a mounted disk; an empty file is made if there is none.

        `set_up` runs once in the life of a connection, not once a world: it sets what belongs to the
        connection (pragmas like synchronous and foreign_keys) and must not write to the database. Give the
        same function each time, not a new lambda. `label` names the connection in `locks`. End the use of
        it with `retire`: `close` would work, but lose the warm connection, and on one that its node's crash
        caught in a transaction it raises NodeDownError (and closes it all the same).
        Raises: NodeDownError when the node has no disk or is down; ValueError when `set_up` writes.
        """
        disk = self.vfs.disk(node)
        inode = disk.find(path, create=True)
        place = (node, path, set_up)
        warm = self._take(place, inode) or self._open(place, disk)
        warm.file.bind(disk, inode, label)
        self.connects += 1
        self.seeds.sow(self.connects)
        self.out[warm.connection] = warm
        return warm.connection

    def retire(self, connection: apsw.Connection) -> None:
        """What closing a connection is to a service: it rolls back what is open and gives its locks up."""
        warm = self.out.pop(connection)
        if not self._keep(warm):
            warm.close()

    def release_all(self) -> None:
        """End the world: take all connections back, keep the clean ones, forget the disks."""
        self.vfs.disks.clear()
        for warm in self.out.values():
            if not self._keep(warm):
                warm.file.unbind()
                warm.close()
        self.out.clear()

    def close_all(self) -> None:
        """End the world and close the idle connections too."""
        self.release_all()
        for kept in self.idle.values():
            for warm in kept:
                warm.close()
        self.idle.clear()

    def labels(self) -> tuple[str, ...]:
        """Who has a connection to a living node now: what a check for leaks asks."""
        return tuple(warm.file.label for warm in self.out.values() if warm.file.inode is not DEAD)

    def locks(self) -> tuple[HeldLock, ...]:
        """Every lock held on the mounted disks, by node, then in the order in which files were opened."""
        return tuple(
            HeldLock(node, handle.name, handle.label, _LEVEL_NAMES[handle.lock_level])
            for node, disk in sorted(self.vfs.disks.items(), key=lambda mounted: mounted[0])
            for handle in disk.handles
            if handle.lock_level
        )

    def _take(self, place: tuple[str, str, SetUp], inode: Inode) -> Warm | None:
        kept = self.idle.get(place, ())
        for at in reversed(range(len(kept))):
            if kept[at].fits(inode):
                return self.idle[place].pop(at)
        return None

    def _keep(self, warm: Warm) -> bool:
        if not warm.is_clean():
            return False
        warm.connection.set_last_insert_rowid(0)
        warm.file.unbind()
        kept = self.idle.setdefault(warm.place, [])
        kept.append(warm)
        if len(kept) > _IDLE_MAX:
            kept.pop(0).close()
        return True

    def _open(self, place: tuple[str, str, SetUp], disk: Disk) -> Warm:
        node = place[0]
        scratch = self.vfs.disks[node] = Disk.from_image(disk.image())
        warm = None
        try:
            warm = self._opened(place)
            _prepare(warm, scratch)
        except BaseException:
            if warm is not None:
                warm.close()
            raise
        finally:
            self.vfs.disks[node] = disk
        warm.file.unbind()
        return warm

    def _opened(self, place: tuple[str, str, SetUp]) -> Warm:
        node, path, _ = place
        connection = apsw.Connection(f"/{node}/{path}", vfs=VFS_NAME)
        file = self.vfs.opened
        assert file is not None
        return Warm(connection, file, place)


@cache
def databases() -> Databases:
    """The databases of this process: SQLite registers a VFS once for all."""
    return Databases()


def _prepare(warm: Warm, scratch: Disk) -> None:
    """Parse the schema, remembering the blocks that it is in, and set the connection up."""
    file = warm.file
    file.touched = {0}
    warm.connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    warm.schema = {number: _block(file.inode, number) for number in sorted(file.touched)}
    file.touched = None
    changes = _changes(scratch)
    warm.place[2](warm.connection)
    if _changes(scratch) != changes:
        raise ValueError("the set-up of a connection must not write to the database")


def _changes(disk: Disk) -> int:
    return sum(count for kind, count in disk.calls.items() if kind in CHANGES)


def _block(inode: Inode, number: int) -> bytes:
    return inode.read(BLOCK_BYTES, number * BLOCK_BYTES)


def _same(number: int, one: bytes, other: bytes) -> bool:
    """Whether a block is the same; in the first one, what each transaction changes does not count.

    That is bytes 24 to 39, and 92 to 95, which repeat the change counter.
    """
    if one is other:
        return True
    if number:
        return one == other
    return one[:24] == other[:24] and one[40:92] == other[40:92] and one[96:] == other[96:]
