"""The contents of one simulated file: what is durable, and every write since, in order.

The idea: a file is an immutable base of shared blocks and a log of the writes after it. A write only
appends to the log; a sync only moves a mark along it; the blocks are brought up to date when somebody
reads. So a rollback journal, which SQLite writes, syncs twice and deletes without reading, is never put
together at all, and a copy of a file is a copy of a list of references. What a power cut may lose is
what lies in the log beyond the mark, each write apart and in order, which is just what a crash has to
choose from.

Rejected: one `bytearray` of the live bytes and one of the durable bytes (every world and every sync
would copy the whole file); a dictionary of dirty pages (it forgets the order of writes, so nothing could
be torn or reordered).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from attrs import define, field, frozen

BLOCK_BYTES = 4096
_EMPTY_BLOCK = bytes(BLOCK_BYTES)

Write: TypeAlias = tuple[int, int, bytes | None]
"""(tick, offset in bytes, data); without data the file gets the offset as its size. Ticks order a disk."""


@frozen
class FileImage:
    """A file at rest: durable blocks (the last one padded with zeros), durable size, unsynced writes."""

    blocks: tuple[bytes, ...]
    size_bytes: int
    unsynced: tuple[Write, ...] = ()

    @classmethod
    def of(cls, content: bytes) -> FileImage:
        """A durable file with this content."""
        blocks: list[bytes] = []
        lay(blocks, 0, content)
        return cls(tuple(blocks), len(content))

    def content(self) -> bytes:
        """What a reader finds: the durable bytes with the unsynced writes on top."""
        blocks, size = after(self.blocks, self.size_bytes, self.unsynced)
        return b"".join(blocks)[:size]


@define(eq=False)
class Inode:
    """A file in use. Invariants: `applied` and `synced` index `log`; `blocks` cover the applied writes.

    `lock_level` and `readers` are SQLite's advisory locks on the file: the highest level that anybody
    holds, and how many hold at least SHARED.
    """

    base: tuple[bytes, ...] = ()
    base_size: int = 0
    log: list[Write] = field(factory=list)
    synced: int = 0
    blocks: list[bytes] = field(factory=list)
    applied: int = 0
    size: int = 0
    entry_is_new: bool = False
    lock_level: int = 0
    readers: int = 0

    @classmethod
    def of(cls, image: FileImage) -> Inode:
        """A file in use that starts as the image; the blocks are shared until they are overwritten."""
        size = after_sizes(image.size_bytes, image.unsynced) if image.unsynced else image.size_bytes
        base = image.blocks
        return cls(base, image.size_bytes, list(image.unsynced), 0, list(base), 0, size)

    def settle(self) -> None:
        """Bring the blocks up to date with the log, and forget a log that is durable to its end."""
        blocks, log = self.blocks, self.log
        for _tick, offset, data in log[self.applied :] if self.applied else log:
            if data is None:
                cut(blocks, offset)
            else:
                lay(blocks, offset, data)
        self.applied = len(log)
        if self.synced == self.applied:
            self.base, self.base_size = tuple(blocks), self.size
            log.clear()
            self.synced = self.applied = 0

    def read(self, amount: int, offset: int) -> bytes:
        """At most `amount` bytes from `offset`: fewer at the end of the file, none beyond it."""
        end = min(offset + amount, self.size)
        if offset >= end:
            return b""
        if self.applied != len(self.log):
            self.settle()
        first, last = offset // BLOCK_BYTES, (end - 1) // BLOCK_BYTES
        start = offset - first * BLOCK_BYTES
        if first == last:
            return self.blocks[first][start : start + end - offset]
        return b"".join(self.blocks[first : last + 1])[start : start + end - offset]

    def unsynced(self) -> list[Write]:
        """The writes that a power cut may lose, oldest first."""
        return self.log[self.synced :]

    def image(self) -> FileImage:
        """The file at rest. The file itself does not change for anybody who uses it."""
        if self.applied != len(self.log):
            self.settle()
        if not self.log:
            return FileImage(self.base, self.base_size)
        blocks, size = after(self.base, self.base_size, self.log[: self.synced])
        return FileImage(tuple(blocks), size, tuple(self.unsynced()))


def lay(blocks: list[bytes], offset: int, data: bytes) -> None:
    """Put data at an offset, with zeros in any gap before it; blocks are replaced, never changed."""
    number, start = divmod(offset, BLOCK_BYTES)
    missing = -(-(offset + len(data)) // BLOCK_BYTES) - len(blocks)
    if missing > 0:
        blocks.extend([_EMPTY_BLOCK] * missing)
    if not start and len(data) == BLOCK_BYTES:
        blocks[number] = data
        return
    done = 0
    while done < len(data):
        part = data[done : done + BLOCK_BYTES - start]
        old = blocks[number]
        blocks[number] = old[:start] + part + old[start + len(part) :]
        done, number, start = done + len(part), number + 1, 0


def cut(blocks: list[bytes], size_bytes: int) -> None:
    """Cut the blocks to a size, or stretch them to it with zeros."""
    count, rest = -(-size_bytes // BLOCK_BYTES), size_bytes % BLOCK_BYTES
    del blocks[count:]
    blocks.extend([_EMPTY_BLOCK] * (count - len(blocks)))
    if rest:
        blocks[-1] = blocks[-1][:rest].ljust(BLOCK_BYTES, b"\0")


def after_sizes(size_bytes: int, writes: Iterable[Write]) -> int:
    """The size of a file after some writes."""
    for _tick, offset, data in writes:
        size_bytes = offset if data is None else max(size_bytes, offset + len(data))
    return size_bytes


def after(base: Sequence[bytes], size_bytes: int, writes: Sequence[Write]) -> tuple[list[bytes], int]:
    """(blocks, size in bytes) of a file after some writes on a base; the base is left as it was."""
    blocks = list(base)
    for _tick, offset, data in writes:
        if data is None:
            cut(blocks, offset)
        else:
            lay(blocks, offset, data)
    return blocks, after_sizes(size_bytes, writes)
