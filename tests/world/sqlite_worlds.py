"""What the tests of SQLite on simulated disks share: a small database, and worlds that end with the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from machines.world.disk import Disk
from machines.world.disk_image import Image
from machines.world.sqlite import SetUp, databases

NODE, FILE = "storage", "app.db"
SCHEMA = "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER)"
ROWS = "INSERT INTO item (id, name, n) VALUES (1, 'one', 10), (2, 'two', 20), (3, 'three', 30)"


def extra(connection: apsw.Connection) -> None:
    """Lose nothing that was acknowledged."""
    connection.execute("PRAGMA synchronous=EXTRA")


def full(connection: apsw.Connection) -> None:
    """SQLite's default: the folder is not synced after a commit."""
    connection.execute("PRAGMA synchronous=FULL")


@contextmanager
def world(image: Image, capacity_bytes: int | None = None) -> Iterator[Disk]:
    """A world with one node, whose disk starts as the image."""
    disk = Disk.from_image(image, capacity_bytes)
    databases().mount(NODE, disk)
    try:
        yield disk
    finally:
        databases().release_all()


def connect(set_up: SetUp = extra, label: str = "", *, file: str = FILE) -> apsw.Connection:
    """A connection of the world that is mounted."""
    return databases().connect(NODE, file, set_up, label)


def made_by(*statements: str, start: Image | None = None) -> Image:
    """The disk that these statements leave, all of it durable."""
    with world(start or Image()) as disk:
        connection = connect()
        for statement in statements:
            connection.execute(statement)
    return Image.of(disk.image().contents())


def rows(
    connection: apsw.Connection, query: str = "SELECT id, name, n FROM item ORDER BY id"
) -> list[tuple[object, ...]]:
    """All rows of a query."""
    return connection.execute(query).fetchall()
