"""A whole disk at rest: a world starts from it, a crash chooses from it, outcomes are compared by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from attrs import evolve, field, frozen

from machines.world.disk_file import FileImage

NameChange: TypeAlias = tuple[int, str | None, str | None, int]
"""(tick, name that goes, name that comes, number of the file that gets it, or -1)."""


@frozen
class Image:
    """A disk at rest, immutable: files, live and durable names, and the changes of names not yet durable.

    Equal images are equal disks: files and names are sorted and ticks counted from 0. `files` are numbered,
    because one file may have another name, or none, on the durable side. `quiet`: nothing is unsynced.
    """

    files: tuple[FileImage, ...] = ()
    names: tuple[tuple[str, int], ...] = ()
    durable_names: tuple[tuple[str, int], ...] = ()
    name_changes: tuple[NameChange, ...] = ()
    quiet: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        quiet = not self.name_changes and not any(file.unsynced for file in self.files)
        object.__setattr__(self, "quiet", quiet)

    @classmethod
    def of(cls, contents: Mapping[str, bytes]) -> Image:
        """A durable disk with these files, by name."""
        return cls.at_rest((name, FileImage.of(content)) for name, content in contents.items())

    @classmethod
    def at_rest(cls, files: Iterable[tuple[str, FileImage]]) -> Image:
        """A durable disk with these files, by name."""
        ordered = sorted(files, key=lambda entry: entry[0])
        names = tuple((name, number) for number, (name, _) in enumerate(ordered))
        return cls(tuple(file for _, file in ordered), names, names)

    def contents(self) -> dict[str, bytes]:
        """The live bytes of every file, by name."""
        return {name: self.files[number].content() for name, number in self.names}

    def ticking_from_0(self) -> Image:
        """The same disk with ticks that do not tell how long it has been in use."""
        ticks = [tick for file in self.files for tick, _offset, _data in file.unsynced]
        ticks += [change[0] for change in self.name_changes]
        rank = {tick: number for number, tick in enumerate(sorted(ticks))}
        return evolve(
            self,
            files=tuple(
                evolve(file, unsynced=tuple((rank[tick], at, data) for tick, at, data in file.unsynced))
                for file in self.files
            ),
            name_changes=tuple(
                (rank[tick], gone, come, number) for tick, gone, come, number in self.name_changes
            ),
        )
