"""What a world on simulated disks costs: `python -m tests.benchmarks.disk` prints it in microseconds."""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from collections.abc import Callable, Iterator

import apsw
from rich.console import Console
from rich.table import Table

from machines.world.disk import Disk
from machines.world.disk_image import Image
from machines.world.sqlite import databases

_ROUNDS = 3000
_BATCHES = 5
_NODE, _FILE = "storage", "personalities.db"


def set_up(connection: apsw.Connection) -> None:
    """The pragmas of a service that must not lose what it has acknowledged."""
    connection.execute("PRAGMA synchronous=EXTRA; PRAGMA foreign_keys=ON")


def no_set_up(_connection: apsw.Connection) -> None:
    """Nothing."""


def template(rows: int = 180) -> Image:
    """A database of about 100 KB: a table with a unique name and 19 numbers, and a log."""
    disk = Disk()
    databases().mount(_NODE, disk)
    connection = databases().connect(_NODE, _FILE, no_set_up)
    traits = ", ".join(f"trait_{number} INTEGER NOT NULL DEFAULT 50" for number in range(19))
    connection.execute(f"CREATE TABLE personality (id TEXT PRIMARY KEY, name TEXT UNIQUE, version, {traits})")
    connection.execute("CREATE TABLE log (at INTEGER PRIMARY KEY, entry TEXT)")
    for number in range(rows):
        connection.execute(
            "INSERT INTO personality (id, name, version) VALUES (?, ?, 1)",
            (f"{number:0200}", f"{number:0100}"),
        )
    databases().release_all()
    return disk.image()


def per_round_us(action: Callable[[], None]) -> float:
    """The best of some batches: the least disturbed by what else the machine does."""
    best = float("inf")
    for _ in range(_BATCHES):
        began = time.perf_counter()
        for _ in range(_ROUNDS // _BATCHES):
            action()
        best = min(best, (time.perf_counter() - began) / (_ROUNDS // _BATCHES))
    return best * 1e6


def transaction(connection: apsw.Connection) -> None:
    """Four statements: begin, an update of one row, an entry in a log, commit."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE personality SET version = version + 1 WHERE name = ?", (f"{7:0100}",))
    connection.execute("INSERT INTO log (entry) VALUES ('updated')")
    connection.execute("COMMIT")


def world(image: Image) -> list[apsw.Connection]:
    """A fresh world with two warm connections."""
    databases().mount(_NODE, Disk.from_image(image))
    return [databases().connect(_NODE, _FILE, set_up) for _ in range(2)]


def whole_world(image: Image, action: Callable[[apsw.Connection], None] | None = None) -> None:
    """A world from its making to its end, with at most one transaction."""
    connections = world(image)
    if action is not None:
        action(connections[0])
    databases().release_all()


def cold_connection(image: Image) -> None:
    """What each connection would cost if none were kept."""
    databases().mount(_NODE, Disk.from_image(image))
    apsw.Connection(f"/{_NODE}/{_FILE}", vfs="tandem").execute("SELECT count(*) FROM log").fetchall()


def figures(image: Image) -> Iterator[tuple[str, float]]:
    """(what, microseconds), measured one after the other."""
    yield "disk from its image", per_round_us(lambda: _from_image(image))
    yield "world: disk, mount, 2 warm connections, release", per_round_us(lambda: whole_world(image))
    yield "the same with 1 transaction", per_round_us(lambda: whole_world(image, transaction))
    yield "a cold connection and its first query", per_round_us(lambda: cold_connection(image))
    connection = world(image)[0]
    yield "transaction of 4 statements", per_round_us(lambda: transaction(connection))
    disk = databases().vfs.disk(_NODE)
    yield "image of a disk", per_round_us(lambda: _take_image(disk))
    databases().release_all()


def main() -> None:
    """Print every figure; with `--profile`, where the time of transactions goes."""
    image = template()
    table = Table(title=f"simulated disk, database of {len(image.contents()[_FILE])} bytes")
    table.add_column("what")
    table.add_column("us", justify="right")
    for what, microseconds in figures(image):
        table.add_row(what, f"{microseconds:.1f}")
    Console().print(table)
    if "--profile" in sys.argv:
        connection = world(image)[0]
        profile = cProfile.Profile()
        profile.runcall(per_round_us, lambda: transaction(connection))
        pstats.Stats(profile).sort_stats("tottime").print_stats(20)
    databases().close_all()


def _from_image(image: Image) -> None:
    Disk.from_image(image)


def _take_image(disk: Disk) -> None:
    disk.image()


if __name__ == "__main__":
    main()
