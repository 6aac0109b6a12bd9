"""The simulated disk by itself: bytes, names, copies, capacity and declared faults."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machines.world.disk import Disk
from machines.world.disk_crash import Crash
from machines.world.disk_faults import (
    DiskFailedError,
    DiskFullError,
    Fault,
    FileMissingError,
    NodeDownError,
)
from machines.world.disk_file import BLOCK_BYTES, FileImage
from machines.world.disk_image import Image

_OFFSETS = st.one_of(st.integers(0, 40), st.sampled_from([BLOCK_BYTES - 3, BLOCK_BYTES, 2 * BLOCK_BYTES + 5]))
_EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), _OFFSETS, st.sampled_from([b"a", b"bc" * 30, b"d" * BLOCK_BYTES])),
        st.tuples(st.just("truncate"), _OFFSETS, st.just(b"")),
        st.tuples(st.just("sync"), st.just(0), st.just(b"")),
        st.tuples(st.just("read"), _OFFSETS, st.just(b"")),
        st.tuples(st.just("copy"), st.just(0), st.just(b"")),
    ),
    max_size=20,
)


def written(disk: Disk, contents: dict[str, bytes]) -> Disk:
    """The disk, with these files written and nothing synced."""
    for name, content in contents.items():
        disk.open(name).write(content, 0)
    return disk


def lost_by_power_cut(disk: Disk) -> dict[str, bytes]:
    """What a power cut leaves of the disk."""
    disk.crash(Crash("power"))
    return disk.image().contents()


@settings(max_examples=200, deadline=None)
@given(_EDITS)
def test_a_file_is_what_a_byte_array_would_be_live_and_durable(edits: list[tuple[str, int, bytes]]) -> None:
    """After any edits a reader finds what an array of bytes would, and a power cut leaves the last synced."""
    disk, live, durable = Disk(), bytearray(), b""
    file = disk.open("file")
    file.sync()
    for kind, offset, data in edits:
        if kind == "write":
            file.write(data, offset)
            live.extend(bytes(max(0, offset - len(live))))
            live[offset : offset + len(data)] = data
        elif kind == "truncate":
            file.truncate(offset)
            live = live[:offset].ljust(offset, b"\0")
        elif kind == "sync":
            file.sync()
            durable = bytes(live)
        elif kind == "copy":
            disk = Disk.from_image(disk.image())
            file = disk.open("file")
        assert file.read(100, offset) == live[offset : offset + 100]
        assert file.size() == disk.size("file") == len(live)
    assert disk.image().contents() == {"file": bytes(live)}
    assert lost_by_power_cut(disk) == {"file": durable}


def test_a_new_name_is_durable_once_its_file_is_synced() -> None:
    """Syncing a new file makes its name durable, as on ext4, with every change of names before it."""
    disk = written(Disk(), {"old": b"1"})
    disk.sync_folder()
    disk.unlink("old")
    written(disk, {"other": b"2"})
    new = disk.open("new")
    new.write(b"3", 0)
    new.sync()
    assert lost_by_power_cut(disk) == {"new": b"3", "other": b""}


def test_syncing_an_old_file_says_nothing_about_names() -> None:
    """Neither a rename nor a removal is durable because some file with an old name was synced."""
    disk = Disk.from_image(Image.of({"a": b"1", "b": b"2", "c": b"3"}))
    disk.rename("a", "z")
    disk.unlink("b")
    disk.open("z").sync()
    disk.open("c").sync()
    assert lost_by_power_cut(disk) == {"a": b"1", "b": b"2", "c": b"3"}


def test_names_are_durable_once_the_folder_is_synced() -> None:
    """Syncing the folder makes creation, renaming and removal durable, though not the bytes."""
    disk = Disk.from_image(Image.of({"a": b"1", "b": b"2"}))
    disk.rename("a", "z")
    disk.unlink("b")
    written(disk, {"new": b"3"})
    disk.sync_folder()
    assert lost_by_power_cut(disk) == {"new": b"", "z": b"1"}


def test_a_rename_replaces_in_one_step() -> None:
    """Of a file replaced by renaming another over it, a crash leaves the old one or the new one whole."""
    disk = Disk.from_image(Image.of({"file": b"old"}))
    new = disk.open("file.new")
    new.write(b"new", 0)
    new.sync()
    disk.rename("file.new", "file")
    found = []
    for option in disk.crash_options():
        copy = Disk.from_image(disk.image())
        copy.crash(option)
        found.append((option.name, copy.image().contents()["file"]))
    assert found == [("process", b"new"), ("power", b"old")]


def test_an_unlinked_file_serves_the_handles_it_has() -> None:
    """A handle goes on reading and writing a file that has no name any more."""
    disk = written(Disk(), {"file": b"1"})
    handle = disk.open("file")
    disk.unlink("file")
    handle.write(b"2", 1)
    assert (handle.read(9, 0), disk.list()) == (b"12", ())


def test_copies_of_an_image_are_independent() -> None:
    """Two disks made from one image share no later write, and neither changes the image."""
    image = written(Disk(), {"file": b"x" * 3 * BLOCK_BYTES}).image()
    one, other = Disk.from_image(image), Disk.from_image(image)
    one.open("file").write(b"y", BLOCK_BYTES)
    assert other.open("file").read(1, BLOCK_BYTES) == b"x"
    assert Disk.from_image(image).image() == image


def test_images_do_not_tell_how_long_a_disk_was_in_use() -> None:
    """Disks that differ only in what came before their last durable state have equal images."""
    busy = written(Disk(), {"file": b"12", "gone": b"3"})
    busy.unlink("gone")
    busy.open("file").sync()
    busy.sync_folder()
    busy.open("file").write(b"4", 1)
    fresh = Disk.from_image(Image.of({"file": b"12"}))
    fresh.open("file").write(b"4", 1)
    assert busy.image() == fresh.image()
    assert hash(busy.image()) == hash(fresh.image())


def test_an_image_from_bytes_is_durable() -> None:
    """An image made from the bytes of real files holds them, and no crash takes any."""
    contents = {"b": b"2" * (BLOCK_BYTES + 1), "a": b""}
    disk = Disk.from_image(Image.of(contents))
    assert disk.image().contents() == lost_by_power_cut(disk) == contents
    assert disk.list() == ("a", "b")
    assert FileImage.of(b"12").content() == b"12"


def test_a_full_disk_refuses_growth_and_nothing_else() -> None:
    """A write beyond the capacity changes nothing; overwriting, shrinking and removing still work."""
    disk = written(Disk(capacity_bytes=10), {"a": b"12345", "b": b"12345"})
    file = disk.open("a")
    with pytest.raises(DiskFullError):
        file.write(b"678", 4)
    with pytest.raises(DiskFullError):
        file.truncate(6)
    file.write(b"x", 4)
    assert file.read(9, 0) == b"1234x"
    disk.unlink("b")
    file.write(b"56789", 5)
    assert file.size() == 10


_CALLS: dict[str, Callable[[Disk], object]] = {
    "create": lambda disk: disk.open("new"),
    "open": lambda disk: disk.open("file"),
    "read": lambda disk: disk.open("file").read(1, 0),
    "write": lambda disk: disk.open("file").write(b"2", 0),
    "truncate": lambda disk: disk.open("file").truncate(0),
    "sync": lambda disk: disk.open("file").sync(),
    "rename": lambda disk: disk.rename("file", "new"),
    "unlink": lambda disk: disk.unlink("file"),
    "sync_folder": lambda disk: disk.sync_folder(),
}


@pytest.mark.parametrize("kind", sorted(_CALLS))
def test_a_failing_call_fails_before_its_effect_or_after_it(kind: str) -> None:
    """A fault "before" leaves the disk as it was; a fault "after" leaves it as the call would have."""
    start = written(Disk(), {"file": b"1"}).image()
    done = Disk.from_image(start)
    _CALLS[kind](done)
    for fault in (Fault(kind, 1, "before"), Fault(kind, 1, "after")):
        disk = Disk.from_image(start)
        disk.fail(fault.kind, fault.nth, fault.when)
        with pytest.raises(DiskFailedError):
            _CALLS[kind](disk)
        assert disk.image() == (start if fault.when == "before" else done.image())
        assert disk.fired == [fault]
        assert disk.calls[kind] == 1


def test_faults_count_calls_from_when_they_are_declared() -> None:
    """The nth call of the kind from then on fails, that alone; a fault of "change" counts every change."""
    disk = written(Disk(), {"file": b"1"})
    file = disk.open("file")
    disk.fail("write", 2)
    disk.fail("change", 4)
    file.write(b"1", 0)
    with pytest.raises(DiskFailedError):
        file.write(b"2", 0)
    file.write(b"3", 0)
    with pytest.raises(DiskFailedError):
        file.sync()
    file.sync()
    assert [fault.kind for fault in disk.fired] == ["write", "change"]
    assert disk.armed == []


def test_a_node_that_went_down_refuses_everything_until_its_crash() -> None:
    """After a power cut inside a call every call and every handle fails; after the crash new handles work."""
    disk = written(Disk(), {"file": b"1"})
    file = disk.open("file")
    disk.cut_power(2)
    file.sync()
    with pytest.raises(NodeDownError):
        file.write(b"2", 0)
    for call in _CALLS.values():
        with pytest.raises(NodeDownError):
            call(disk)
    with pytest.raises(NodeDownError):
        disk.exists("file")
    disk.crash(Crash("process"))
    assert disk.open("file").read(9, 0) == b"1"


def test_a_crash_kills_the_handles_of_its_time_for_good() -> None:
    """A handle from before a crash raises on every use and may be closed, twice if need be."""
    disk = written(Disk(), {"file": b"1"})
    file = disk.open("file")
    disk.crash(Crash("process"))
    for use in (lambda: file.read(1, 0), lambda: file.write(b"2", 0), file.sync, file.size):
        with pytest.raises(NodeDownError):
            use()
    with pytest.raises(NodeDownError):
        file.truncate(0)
    file.close()
    file.close()
    assert disk.image().contents() == {"file": b"1"}


def test_a_missing_file_is_said_to_be_missing() -> None:
    """Opening, measuring, renaming and removing a file that is not there are typed errors."""
    disk = Disk()
    for call in (lambda: disk.open("x", create=False), lambda: disk.size("x"), lambda: disk.unlink("x")):
        with pytest.raises(FileMissingError):
            call()
    with pytest.raises(FileMissingError):
        disk.rename("x", "y")
    assert not disk.exists("x")
