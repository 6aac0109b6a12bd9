"""An open file as SQLite sees it: bytes, syncs and SQLite's own lock levels, on a simulated disk.

It promises SQLite what a Linux disk does and no more: sectors of 4096 bytes, of which a torn write leaves
the rest as it was (POWERSAFE_OVERWRITE), and nothing about atomic or ordered writes. There is no shared
memory, so no write-ahead log unless a connection locks the file for itself alone.

Locks follow SQLite's Unix VFS as it works between the connections of one process: SHARED readers, one
RESERVED writer beside them, PENDING once it wants EXCLUSIVE and readers remain. It keeps PENDING when it is
refused, so that no new reader starves it. A test runs the same sequences on real files.
"""

from __future__ import annotations

import apsw
from attrs import define

from machines.world.disk import DEAD, Disk, Handle
from machines.world.disk_file import BLOCK_BYTES, Inode

NONE, SHARED, RESERVED, PENDING, EXCLUSIVE = range(5)
_VERSION_OFFSET, _VERSION_BYTES = 24, 16
IMPOSSIBLE_VERSION = bytes(4) + b"\xff" * 12
"""Bytes 24 to 39 of no database: it would have 2**32 - 1 pages, which is one more than SQLite allows."""
NOWHERE = Disk()
"""The disk of files that are on none: it keeps a file that is taken back from keeping its old disk alive."""


@define(eq=False)
class File(Handle):
    """An open file as SQLite sees it.

    `stale` asks for one lie, `touched` collects the blocks that are read; `sqlite` says what both are for.
    """

    stale: bool = False
    touched: set[int] | None = None
    delete_on_close: bool = False

    def bind(self, disk: Disk, inode: Inode, label: str) -> None:
        """Belong to a file of another disk from now on; what SQLite remembers of the old one is stale."""
        disk.opened += 1
        self.disk, self.inode, self.lock_level = disk, inode, NONE
        self.label = label or f"connection {disk.opened}"
        self.stale = True
        disk.handles[self] = None

    def unbind(self) -> None:
        """Belong to no disk: every use fails until the next `bind`."""
        self.disk.handles.pop(self, None)
        self.disk, self.inode, self.lock_level = NOWHERE, DEAD, NONE

    xWrite = Handle.write  # noqa: N815 - SQLite's name
    xTruncate = Handle.truncate  # noqa: N815 - SQLite's name
    xFileSize = Handle.size  # noqa: N815 - SQLite's name

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        """Up to `amount` bytes; SQLite itself takes missing ones for zeros."""
        inode, disk = self.inode, self.disk
        size = inode.size
        disk.calls["read"] += 1
        if disk.armed:
            fault = disk.due("read")
            if fault:
                disk.strike(fault)
        if amount == BLOCK_BYTES and not offset % BLOCK_BYTES and offset + amount <= size:
            if inode.applied != len(inode.log):
                inode.settle()
            if self.touched is not None:
                self.touched.add(offset // BLOCK_BYTES)
            return inode.blocks[offset // BLOCK_BYTES]
        if self.stale and offset == _VERSION_OFFSET and amount == _VERSION_BYTES:
            self.stale = False
            return IMPOSSIBLE_VERSION
        if self.touched is not None:
            self.touched.update(range(offset // BLOCK_BYTES, (offset + amount - 1) // BLOCK_BYTES + 1))
        return inode.read(amount, offset)

    def xSync(self, _flags: int) -> None:  # noqa: N802 - SQLite's name
        """Make the file durable."""
        self.sync()

    def xLock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Raise the lock to a level. Raises apsw.BusyError when another connection's lock forbids it."""
        held, inode = self.lock_level, self.inode
        top = inode.lock_level
        if held >= level:
            return
        if held != top and (top >= PENDING or level > SHARED):
            raise apsw.BusyError("database is locked")
        if level == SHARED:
            inode.readers += 1
            inode.lock_level = max(top, SHARED)
            self.lock_level = SHARED
            return
        if level == EXCLUSIVE:
            if held == RESERVED:
                inode.lock_level = self.lock_level = PENDING
            if inode.readers > 1:
                raise apsw.BusyError("database is locked")
        inode.lock_level = self.lock_level = level

    def xUnlock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Lower the lock to SHARED or NONE."""
        held = self.lock_level
        if held <= level:
            return
        inode = self.inode
        if held > SHARED:
            inode.lock_level = SHARED
        if level == NONE:
            inode.readers -= 1
            if not inode.readers:
                inode.lock_level = NONE
        self.lock_level = level

    def xCheckReservedLock(self) -> bool:  # noqa: N802 - SQLite's name
        """Whether any connection holds RESERVED or more."""
        return self.inode.lock_level > SHARED

    def xClose(self) -> None:  # noqa: N802 - SQLite's name
        """Give the file up, with its lock."""
        self.xUnlock(NONE)
        alive = self.inode is not DEAD
        self.close()
        if self.delete_on_close and alive:
            self.disk.unlink(self.name)

    def xFileControl(self, _operation: int, _pointer: int) -> bool:  # noqa: N802 - SQLite's name
        """SQLite's hints, none of which this VFS takes."""
        return False

    def xSectorSize(self) -> int:  # noqa: N802 - SQLite's name
        """Bytes that one write may damage."""
        return BLOCK_BYTES

    def xDeviceCharacteristics(self) -> int:  # noqa: N802 - SQLite's name
        """What SQLite may rely on."""
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE
