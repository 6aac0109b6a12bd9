"""What survives a crash: the ways in which unsynced writes can fall, few enough to explore them all.

A disk at rest lists what is not yet durable in the order in which it was done. In principle any subset may
survive, each write whole or in part; that is exponential. These four are the corners of that space:

`process`    everything survives: the process died, and the system under it still had it all
`power`      nothing survives that was not synced
`torn`       the first half survives, and the last write of that half is itself cut in half
`reordered`  everything survives but the oldest write of bytes: the disk wrote the later ones first

A program that survives them at every one of its disk calls, as SQLite does, orders its syncs rightly: the
prefixes of all other lengths come up as the crash moves along the calls. Changes of names are kept in
order, as a file system's journal keeps them; a rename that survives without the bytes of the renamed file,
the classic mistake of saving a file, is the `reordered` crash.

What survives is durable from then on. After `process` that is kinder than a real machine, where a later
power cut could still take it; a program that is judged by it was already judged by `power` at that point.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from attrs import frozen

from machines.world.disk_file import FileImage, Write, after
from machines.world.disk_image import Image, NameChange

Event: TypeAlias = tuple[int, NameChange | None, int, Write | None]
"""(tick, a change of names, or else the number of a file, and a write to it)."""

PROCESS, POWER, TORN, REORDERED = "process", "power", "torn", "reordered"
_NAMES = (PROCESS, POWER, TORN, REORDERED)


@frozen
class Crash:
    """One way in which a crash falls, by its name: the text that a schedule keeps."""

    name: str

    def __attrs_post_init__(self) -> None:
        if self.name not in _NAMES:
            raise ValueError(f"no such crash: {self.name!r}; there are {', '.join(_NAMES)}")

    def __str__(self) -> str:
        return self.name


def crash_options(image: Image) -> tuple[Crash, ...]:
    """The crashes of a disk that leave different disks, always in the same order; `process` is the first."""
    options = tuple(Crash(name) for name in _NAMES)
    if image.quiet:
        return options[:1]
    first_with: dict[Image, Crash] = {}
    for option in options:
        first_with.setdefault(survivors(image, option), option)
    return tuple(first_with.values())


def survivors(image: Image, crash: Crash) -> Image:
    """The disk that is found after a crash: durable names with durable files."""
    kept = _kept(crash.name, _events(image))
    names = dict(image.durable_names)
    for _tick, change, _number, _write in kept:
        if change is not None:
            _, gone, come, number = change
            if gone is not None:
                names.pop(gone, None)
            if come is not None:
                names[come] = number
    writes = _by_file(kept)
    files = {number: _with(image.files[number], writes.get(number, ())) for number in names.values()}
    return Image.at_rest((name, files[number]) for name, number in names.items())


def _events(image: Image) -> list[Event]:
    events: list[Event] = [(change[0], change, -1, None) for change in image.name_changes]
    for number, file in enumerate(image.files):
        events += [(write[0], None, number, write) for write in file.unsynced]
    return sorted(events, key=itemgetter(0))


def _kept(name: str, events: list[Event]) -> list[Event]:
    if name == TORN:
        return _torn(events[: (len(events) + 1) // 2])
    if name == REORDERED:
        oldest = next((at for at, event in enumerate(events) if event[3] is not None), len(events))
        return events[:oldest] + events[oldest + 1 :]
    return events if name == PROCESS else []


def _torn(events: list[Event]) -> list[Event]:
    for at in reversed(range(len(events))):
        tick, _, number, write = events[at]
        if write is not None and write[2] is not None:
            half = write[2][: len(write[2]) // 2]
            return [*events[:at], *([(tick, None, number, (tick, write[1], half))] if half else [])]
    return events


def _by_file(events: Iterable[Event]) -> dict[int, list[Write]]:
    writes = sorted((event[2], event[0], event[3]) for event in events if event[3] is not None)
    return {number: [write for *_, write in group] for number, group in groupby(writes, key=itemgetter(0))}


def _with(file: FileImage, writes: Sequence[Write]) -> FileImage:
    blocks, size = after(file.blocks, file.size_bytes, writes)
    return FileImage(tuple(blocks), size)
