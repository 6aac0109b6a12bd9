"""What survives a crash of the simulated disk: the four ways, which of them differ, and their names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machines.world.disk import Disk
from machines.world.disk_crash import Crash
from machines.world.disk_image import Image

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "truncate", "sync", "unlink", "rename", "sync_folder"]),
        st.sampled_from("abc"),
        st.integers(0, 6),
    ),
    max_size=12,
)


def outcomes(disk: Disk) -> dict[str, dict[str, bytes]]:
    """What each crash that the disk offers leaves, by the crash's name."""
    found = {}
    for option in disk.crash_options():
        copy = Disk.from_image(disk.image())
        copy.crash(option)
        found[option.name] = copy.image().contents()
    return found


def with_writes(*writes: bytes) -> Disk:
    """A disk with a durable file of dots, and one unsynced write after another into it, four bytes apart."""
    disk = Disk.from_image(Image.of({"file": b"." * 4 * len(writes)}))
    file = disk.open("file")
    for number, data in enumerate(writes):
        file.write(data, 4 * number)
    return disk


def test_with_nothing_unsynced_there_is_one_crash() -> None:
    """When everything is durable all crashes are the same, and one is offered."""
    disk = Disk.from_image(Image.of({"file": b"1"}))
    assert outcomes(disk) == {"process": {"file": b"1"}}


def test_the_four_ways_in_which_writes_fall() -> None:
    """All kept, none kept, the first half with its last write cut in half, all but the oldest."""
    assert outcomes(with_writes(b"aaaa", b"bbbb", b"cccc")) == {
        "process": {"file": b"aaaabbbbcccc"},
        "power": {"file": b"............"},
        "torn": {"file": b"aaaabb......"},
        "reordered": {"file": b"....bbbbcccc"},
    }


def test_crashes_that_leave_the_same_are_merged() -> None:
    """Of crashes with equal results the first is offered: one write is lost whole only by the power cut."""
    assert outcomes(with_writes(b"aaaa")) == {
        "process": {"file": b"aaaa"},
        "power": {"file": b"...."},
        "torn": {"file": b"aa.."},
    }


def test_a_write_of_one_byte_cannot_be_torn() -> None:
    """A single byte is there or not."""
    assert sorted(outcomes(with_writes(b"a"))) == ["power", "process"]


def test_saving_by_rename_without_a_sync_can_leave_an_empty_file() -> None:
    """The classic mistake shows: the new name survives and the bytes do not."""
    disk = Disk.from_image(Image.of({"file": b"old"}))
    disk.open("file.new").write(b"new", 0)
    disk.rename("file.new", "file")
    assert outcomes(disk)["reordered"] == {"file": b""}


def test_a_crash_has_a_name_that_survives_as_text() -> None:
    """A crash is its name and can be made from it; any other name is refused."""
    for option in with_writes(b"aaaa", b"bbbb").crash_options():
        assert Crash(str(option)) == option
    with pytest.raises(ValueError, match="no such crash: 'melted'"):
        Crash("melted")


@settings(max_examples=200, deadline=None)
@given(_STEPS)
def test_crashes_are_distinct_durable_and_the_same_from_a_copy(steps: list[tuple[str, str, int]]) -> None:
    """After any calls: distinct outcomes, in a fixed order, durable, and equal for a disk and its copy."""
    disk = Disk()
    for kind, name, number in steps:
        _step(disk, kind, name, number)
    assert Disk.from_image(disk.image()).image() == disk.image()
    found = []
    for option in disk.crash_options():
        copy = Disk.from_image(disk.image())
        copy.crash(option)
        assert copy.image().quiet
        assert copy.crash_options() == (Crash("process"),)
        found.append(copy.image())
    assert len(set(found)) == len(found)
    assert found[0].contents() == disk.image().contents()
    assert disk.crash_options() == Disk.from_image(disk.image()).crash_options()


def _step(disk: Disk, kind: str, name: str, number: int) -> None:
    if kind == "sync_folder":
        disk.sync_folder()
    elif kind in {"unlink", "rename"}:
        if disk.exists(name):
            disk.rename(name, "abc"[number % 3]) if kind == "rename" else disk.unlink(name)
    else:
        with_handle = disk.open(name)
        if kind == "write":
            with_handle.write(bytes([65 + number]) * 2, number)
        elif kind == "truncate":
            with_handle.truncate(number)
        else:
            with_handle.sync()
        with_handle.close()
