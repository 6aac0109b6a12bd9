"""One node's simulated disk: it keeps what is synced apart from what is not, fills up, and fails when told.

What a power cut may take. Bytes written are durable when the file is synced. A name made, removed or
changed is durable when the folder is synced. Syncing a new file makes its name durable as well, with every
change of names before it, because names go through an ordered journal: that is what ext4 does, and what
SQLite's own VFS gets by syncing the folder of a new journal. Syncing an old file says nothing about names.
A program that forgets one sync loses something here, as it would some day on a real disk. (Pillai et al.,
"All File Systems Are Not Created Equal", OSDI 2014, lists what real programs wrongly assume.)

How a crash falls is in `disk_crash`; how a file keeps its writes apart, in `disk_file`; a disk at rest is an
`Image`, in `disk_image`.
"""

from __future__ import annotations

from typing import cast

from attrs import define, field

from machines.world.disk_crash import Crash, crash_options, survivors
from machines.world.disk_faults import (
    KINDS,
    Armed,
    DiskFullError,
    Fault,
    FileMissingError,
    NodeDownError,
    When,
    arm,
    meet,
)
from machines.world.disk_file import Inode
from machines.world.disk_image import Image

__all__ = ["DEAD", "Crash", "Disk", "FileMissingError", "Handle", "Image", "NodeDownError"]


class _Dead:
    """Stands in for the file of a dead handle, so that live handles need not ask whether they live."""

    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        raise NodeDownError("the node is down, or this handle was closed or taken back")


DEAD = cast("Inode", _Dead())


@define(eq=False)
class Handle:
    """An open file. Its node's crash kills it: later uses raise `NodeDownError`, closing is harmless."""

    disk: Disk
    inode: Inode
    name: str
    label: str = ""
    lock_level: int = 0

    def read(self, amount: int, offset: int) -> bytes:
        """At most `amount` bytes from `offset`: fewer at the end of the file, none beyond it."""
        read = self.inode.read
        fault = self.disk.begin("read")
        if fault:
            self.disk.strike(fault)
        return read(amount, offset)

    def write(self, data: bytes, offset: int) -> None:
        """Write at an offset, growing the file as needed, with zeros in a gap. Not durable before `sync`.

        Raises: DiskFullError (nothing is written then), DiskFailedError, NodeDownError.
        """
        inode, disk = self.inode, self.disk
        log = inode.log
        disk.calls["write"] += 1
        fault = disk.due("write") if disk.armed else None
        end = offset + len(data)
        if end > inode.size and data:
            if disk.capacity_bytes is not None:
                disk.admit(end - inode.size)
            inode.size = end
        disk.tick += 1
        log.append((disk.tick, offset, data))
        if fault:
            disk.strike(fault)

    def truncate(self, size_bytes: int) -> None:
        """Cut the file to a size, or stretch it with zeros. Not durable before `sync`."""
        inode, disk = self.inode, self.disk
        log = inode.log
        fault = disk.begin("truncate")
        if size_bytes > inode.size:
            disk.admit(size_bytes - inode.size)
        inode.size = size_bytes
        disk.tick += 1
        log.append((disk.tick, size_bytes, None))
        if fault:
            disk.strike(fault)

    def sync(self) -> None:
        """Make all that was written durable, and the file's name too if it is new."""
        inode, disk = self.inode, self.disk
        log = inode.log
        fault = disk.begin("sync")
        inode.synced = len(log)
        if inode.entry_is_new:
            disk.keep_new_name(inode)
        if fault:
            disk.strike(fault)

    def size(self) -> int:
        """Bytes in the file."""
        return self.inode.size

    def close(self) -> None:
        """Give the handle up. Says nothing about durability, and never fails."""
        self.disk.handles.pop(self, None)
        self.inode = DEAD


@define(eq=False)
class Disk:
    """One node's disk. Mutable state: the live names, the durable names, and the changes between them.

    `calls` counts calls by kind, `fired` are the faults that struck; `capacity_bytes` bounds the bytes of
    all files that have a name (None: no bound). A disk that is `down` refuses everything until `crash`.
    """

    capacity_bytes: int | None = None
    names: dict[str, Inode] = field(factory=dict)
    durable_names: dict[str, Inode] = field(factory=dict)
    name_changes: list[tuple[int, str | None, str | None, Inode | None]] = field(factory=list)
    handles: dict[Handle, None] = field(factory=dict)
    calls: dict[str, int] = field(factory=lambda: dict.fromkeys(KINDS, 0))
    armed: list[Armed] = field(factory=list)
    fired: list[Fault] = field(factory=list)
    tick: int = 0
    down: bool = False
    opened: int = 0

    @classmethod
    def from_image(cls, image: Image, capacity_bytes: int | None = None) -> Disk:
        """A fresh disk that starts as the image and shares its blocks."""
        disk = cls(capacity_bytes)
        disk._load(image)
        return disk

    def image(self) -> Image:
        """The disk at rest, sharing every block with this one: nothing is copied but references."""
        numbers = {inode: number for number, inode in enumerate(self._reachable())}
        image = Image(
            tuple(inode.image() for inode in numbers),
            tuple((name, numbers[inode]) for name, inode in sorted(self.names.items())),
            tuple((name, numbers[inode]) for name, inode in sorted(self.durable_names.items())),
            tuple(
                (tick, gone, come, -1 if inode is None else numbers[inode])
                for tick, gone, come, inode in self.name_changes
            ),
        )
        return image if image.quiet else image.ticking_from_0()

    def crash_options(self) -> tuple[Crash, ...]:
        """The different ways in which a crash now would fall; one if nothing is unsynced."""
        return crash_options(self.image())

    def crash(self, crash: Crash) -> None:
        """Kill every handle, forget every lock, and start again with what survives, all of it durable."""
        image = survivors(self.image(), crash)
        self.go_down()
        self._load(image)
        self.down = False

    def open(self, name: str, *, create: bool = True, label: str = "") -> Handle:
        """Open a file, making an empty one if there is none. Raises FileMissingError without `create`."""
        handle = Handle(self, self.find(name, create=create), name, label)
        self.handles[handle] = None
        return handle

    def find(self, name: str, *, create: bool) -> Inode:
        """The file of a name, made if there is none; counts as a call of the kind `open` or `create`."""
        inode = None if self.down else self.names.get(name)
        if inode is not None or not create:
            fault = self.begin("open")
            if fault:
                self.strike(fault)
            if inode is None:
                raise FileMissingError(f"no such file: {name}")
            return inode
        fault = self.begin("create")
        inode = self.names[name] = Inode(entry_is_new=True)
        self._change_names(None, name, inode)
        if fault:
            self.strike(fault)
        return inode

    def exists(self, name: str) -> bool:
        """Whether a file has this name, empty or not."""
        return name in self._live_names()

    def size(self, name: str) -> int:
        """Bytes in a file. Raises FileMissingError."""
        return self._existing(name).size

    def list(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._live_names()))

    def unlink(self, name: str) -> None:
        """Take a name away; handles keep the file. Durable after `sync_folder`. Raises FileMissingError."""
        fault = self.begin("unlink")
        self._existing(name)
        del self.names[name]
        self._change_names(name, None, None)
        if fault:
            self.strike(fault)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name in one step, replacing what had it. Durable after `sync_folder`."""
        fault = self.begin("rename")
        inode = self._existing(old)
        del self.names[old]
        self.names[new] = inode
        self._change_names(old, new, inode)
        if fault:
            self.strike(fault)

    def sync_folder(self) -> None:
        """Make all names durable as they are."""
        fault = self.begin("sync_folder")
        self._keep_names(len(self.name_changes))
        if fault:
            self.strike(fault)

    def fail(self, kind: str, nth: int = 1, when: When = "before") -> None:
        """From now on, let the `nth` call of a kind (or of "change") fail before or after its effect."""
        arm(self.armed, Fault(kind, nth, when))

    def cut_power(self, nth: int = 1, when: When = "before", kind: str = "change") -> None:
        """Let the node go down at the `nth` call of a kind from now on: `crash` then says what survives."""
        arm(self.armed, Fault(kind, nth, when, then="down"))

    def begin(self, kind: str) -> Fault | None:
        """Count a call; raise what is due before its effect, give what is due after it to the caller."""
        if self.down:
            raise NodeDownError("the node is down")
        self.calls[kind] += 1
        return self.due(kind) if self.armed else None

    def due(self, kind: str) -> Fault | None:
        """The fault that this call meets, if any; it strikes at once if it comes before the effect."""
        fault = meet(self.armed, kind)
        if fault is not None and fault.when == "before":
            self.strike(fault)
        return fault

    def strike(self, fault: Fault) -> None:
        """Let a fault happen. Raises DiskFailedError, or NodeDownError after which nothing works."""
        self.fired.append(fault)
        if fault.then == "down":
            self.go_down()
        fault.strike()

    def go_down(self) -> None:
        """Kill every handle and refuse every call until `crash` says what survived. Locks vanish."""
        self.down = True
        for handle in self.handles:
            handle.inode, handle.lock_level = DEAD, 0
        self.handles.clear()

    def admit(self, growth_bytes: int) -> None:
        """Refuse to grow beyond the capacity. Raises DiskFullError."""
        if self.capacity_bytes is None:
            return
        used = sum(inode.size for inode in self.names.values())
        if used + growth_bytes > self.capacity_bytes:
            raise DiskFullError(f"{used} of {self.capacity_bytes} bytes are used: no room for {growth_bytes}")

    def keep_new_name(self, inode: Inode) -> None:
        """Make the name of a new file durable, with every change of names before it."""
        inode.entry_is_new = False
        for number, (_tick, gone, _come, changed) in enumerate(self.name_changes, 1):
            if changed is inode and gone is None:
                self._keep_names(number)
                return

    def _load(self, image: Image) -> None:
        files = [Inode.of(file) for file in image.files]
        self.names = {name: files[number] for name, number in image.names}
        if image.durable_names == image.names:
            self.durable_names = self.names.copy()
        else:
            self.durable_names = {name: files[number] for name, number in image.durable_names}
        self.name_changes = [
            (tick, gone, come, None if number < 0 else files[number])
            for tick, gone, come, number in image.name_changes
        ]
        self.tick = sum(len(file.unsynced) for file in image.files) + len(image.name_changes)
        for _tick, gone, _come, inode in self.name_changes:
            if inode is not None and gone is None:
                inode.entry_is_new = True

    def _reachable(self) -> dict[Inode, None]:
        found = dict.fromkeys(inode for _, inode in sorted(self.names.items()))
        found |= dict.fromkeys(inode for _, inode in sorted(self.durable_names.items()))
        return found | dict.fromkeys(inode for *_, inode in self.name_changes if inode is not None)

    def _keep_names(self, count: int) -> None:
        for _tick, gone, come, inode in self.name_changes[:count]:
            if gone is not None:
                self.durable_names.pop(gone, None)
            if come is not None and inode is not None:
                self.durable_names[come] = inode
                inode.entry_is_new = False
        del self.name_changes[:count]

    def _change_names(self, gone: str | None, come: str | None, inode: Inode | None) -> None:
        self.tick += 1
        self.name_changes.append((self.tick, gone, come, inode))

    def _live_names(self) -> dict[str, Inode]:
        if self.down:
            raise NodeDownError("the node is down")
        return self.names

    def _existing(self, name: str) -> Inode:
        inode = self._live_names().get(name)
        if inode is None:
            raise FileMissingError(f"no such file: {name}")
        return inode
