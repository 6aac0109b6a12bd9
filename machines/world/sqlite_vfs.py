"""The VFS through which apsw finds simulated files: `/NODE/FILE` is a file on the disk mounted for the node.

Nothing here is random or waits. SQLite draws from a generator that it seeds from the *default* VFS, once in
a process: the nonce in every rollback journal, and so the bytes of a disk, would depend on how many
transactions the process ran before. So the default VFS is replaced by one that gives chosen seeds and
leaves all else to the real one, and `sqlite` chooses. Sleeping is refused: a busy timeout would wait for a
task that cannot step meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

from machines.world.disk import Disk
from machines.world.disk_faults import NodeDownError
from machines.world.disk_file import Inode
from machines.world.sqlite_file import File

VFS_NAME = "tandem"
_JULIAN_EPOCH_MS = 210_866_760_000_000  # from SQLite's epoch, noon in Greenwich, 4714 BC, to the Unix epoch
_DAY_MS = 86_400_000


class DeletedNothingError(apsw.IOError):
    """SQLite asked for a file to be deleted that is not there, and wants to be told so."""

    result, extendedresult = apsw.SQLITE_IOERR, apsw.SQLITE_IOERR_DELETE_NOENT


class SteadySeeds(apsw.VFS):
    """The real default VFS, but for the seeds that it gives to SQLite's generator."""

    def __init__(self) -> None:
        self.seed = 0
        super().__init__(f"{VFS_NAME}-seeds", base="", makedefault=True)

    def sow(self, seed: int) -> None:
        """Let SQLite seed its generator with this number before it next draws from it."""
        self.seed = seed
        apsw.randomness(0)

    def xRandomness(self, amount: int) -> bytes:  # noqa: N802 - SQLite's name
        """The seed, as often as it fits."""
        return (self.seed.to_bytes(8, "little") * (amount // 8 + 1))[:amount]


class SimulatedVFS(apsw.VFS):
    """Finds files on the disks of nodes. Mutable state: which disk is mounted for which node, and the clock.

    `opened` is the main file of the last database opened: apsw does not say which connection asks.
    """

    def __init__(self) -> None:
        self.disks: dict[str, Disk] = {}
        self.now_ms: Callable[[], int] = lambda: 0
        self.opened: File | None = None
        self.scratch = Disk()
        super().__init__(VFS_NAME)

    def disk(self, node: str) -> Disk:
        """The disk mounted for a node. Raises NodeDownError when there is none, or it is down."""
        disk = self.disks.get(node)
        if disk is None or disk.down:
            raise NodeDownError(f"no disk is mounted for node {node!r}, or the node is down")
        return disk

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> Any:  # noqa: N802 - SQLite's name
        """Open a database, a journal, or a temporary file without a name."""
        flags[1] = flags[0]
        if name is None:
            return self._temporary()
        path = name if isinstance(name, str) else name.filename()
        _, node, file_name = path.split("/", 2)
        disk = self.disk(node)
        inode = disk.find(file_name, create=bool(flags[0] & apsw.SQLITE_OPEN_CREATE))
        delete = bool(flags[0] & apsw.SQLITE_OPEN_DELETEONCLOSE)
        file = File(disk, inode, file_name, delete_on_close=delete)
        disk.handles[file] = None
        if flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            self.opened = file
        return file

    def xDelete(self, path: str, sync_folder: bool) -> None:  # noqa: FBT001, N802 - SQLite's signature
        """Delete a journal; durably where SQLite asks for it, which it does with synchronous=EXTRA."""
        _, node, name = path.split("/", 2)
        disk = self.disk(node)
        if not disk.exists(name):
            raise DeletedNothingError(f"no such file: {path}")
        disk.unlink(name)
        if sync_folder:
            disk.sync_folder()

    def xAccess(self, path: str, _flags: int) -> bool:  # noqa: N802 - SQLite's name
        """Whether there is such a file with anything in it: SQLite's Unix VFS takes empty ones for none."""
        _, node, name = path.split("/", 2)
        inode = self.disk(node).names.get(name)
        return inode is not None and inode.size > 0

    def xFullPathname(self, name: str) -> str:  # noqa: N802 - SQLite's name
        """The name itself."""
        return name

    def xRandomness(self, amount: int) -> bytes:  # noqa: N802 - SQLite's name
        """Nothing random."""
        return bytes(amount)

    def xSleep(self, microseconds: int) -> int:  # noqa: N802 - SQLite's name
        """Refused: nothing that a sleeping task waits for could happen."""
        raise AssertionError(f"SQLite wants to sleep for {microseconds} us: set no busy timeout in a world")

    def xCurrentTime(self) -> float:  # noqa: N802 - SQLite's name
        """Virtual time in Julian days."""
        return self.xCurrentTimeInt64() / _DAY_MS

    def xCurrentTimeInt64(self) -> int:  # noqa: N802 - SQLite's name
        """Virtual time in milliseconds since SQLite's epoch."""
        return _JULIAN_EPOCH_MS + self.now_ms()

    def xGetLastError(self) -> tuple[int, str | None]:  # noqa: N802 - SQLite's name
        """There is no error number beside the exceptions."""
        return 0, None

    def _temporary(self) -> File:
        """A file that no folder knows: what does not fit into memory while a statement runs."""
        return File(self.scratch, Inode(), "")
