"""Footprints of SQLite: what a step touches of a database, learnt from SQLite itself, so that nobody has to declare.

Two connections meet in two places only, since a world has neither a shared cache nor a write-ahead log: in the
locks of the file, and in its committed content.

*Locks* are taken through our own VFS, which sees each of them succeed or fail. Of a step only the net effect can be
seen by others: a SELECT that takes SHARED and gives it back has changed nothing, nor has a COMMIT met by nobody that
went through PENDING and EXCLUSIVE. So the level at the step's beginning is compared with that at its end. Three
things are shared: whether somebody holds RESERVED or more (`writer`), whether somebody holds PENDING or more, so that
no reader comes in (`closed`), and who holds SHARED or more (`readers`, which come and go independently). Asking for a
lock reads what decides whether it is given: SHARED reads `closed`, RESERVED reads `writer`, EXCLUSIVE reads both
`writer` and `readers`. So two transactions that both began conflict, and two that were refused do not.

*Content* is invisible until it is committed. The pre-update hook tells each row that a transaction changes (also
those that triggers and foreign keys change, and those of tables without a rowid, of which the update hook says
nothing). They are kept until the transaction is over, which is when the connection is in none at the end of a step,
and then they are published: written each, and their tables updated. Rolled back they are forgotten. Where SQLite
chooses the rowid of a new row, the order of two insertions shows, so they write the table's `order`.

What statements read is the matter of `footprints_sql`.

Rejected: pages read and written through the VFS as resources (sound and without any knowledge of SQL, but every
transaction reads and writes page 1).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any

import apsw
from attrs import define, field

from machines.world.footprints_sql import DATABASE, Catalogue
from machines.world.recording import ACTIVE, Recorder
from machines.world.sqlite_file import EXCLUSIVE, PENDING, RESERVED, SHARED, File


@define(eq=False)
class Watch:
    """Watches one connection, all its life. State: what its open transaction has changed, and whether it is lost."""

    connection: apsw.Connection
    catalogue: Catalogue
    changed: dict[Hashable, Callable[[Recorder, Hashable], None]] = field(factory=dict)
    verb: str = ""

    def begin(self) -> None:
        """Let SQLite tell."""
        self.connection.exec_trace = self._statement
        self.connection.preupdate_hook(self._change)
        self.connection.set_rollback_hook(self._rolled_back)

    def forget(self) -> None:
        """Another world begins."""
        self.changed.clear()

    def _statement(self, _cursor: apsw.Cursor, sql: str, bindings: Any) -> bool:
        if ACTIVE and not ACTIVE[0].unknown:
            recorder = ACTIVE[0]
            recorder.statements += 1
            self.verb = sql[:8]
            self.catalogue.reading(sql).touch(recorder, bindings)
            if self.changed:
                recorder.ending[self] = self._published
        return True

    def _change(self, change: Any) -> None:
        if not ACTIVE or ACTIVE[0].unknown:
            return
        recorder = ACTIVE[0]
        name = change.table_name
        table = self.catalogue.tables.get(name)
        if table is None:
            recorder.unknowable()
            return
        if table.with_rowid and change.op == "INSERT":
            self.changed["order", name] = Recorder.write
        for key in table.keys(change):
            self.changed["row", name, key] = Recorder.write
        self.changed["table", name] = self.changed["table", DATABASE] = Recorder.update
        recorder.ending[self] = self._published

    def _rolled_back(self) -> None:
        if self.verb.upper() == "ROLLBACK":
            self.changed.clear()

    def _published(self, recorder: Recorder) -> None:
        """At the end of a step: if the transaction is over, everybody sees what it has changed."""
        try:
            under_way = self.connection.in_transaction
        except apsw.ConnectionClosedError:
            self.changed.clear()
            return
        if not under_way:
            for resource, touch in self.changed.items():
                touch(recorder, resource)
            self.changed.clear()


class LockInstruments:
    """The methods of simulated files that lock, replaced by ones that tell. State: the real ones."""

    def install(self) -> None:
        """Replace them."""
        self._before = (File.xLock, File.xUnlock, File.xCheckReservedLock)
        File.xLock, File.xUnlock, File.xCheckReservedLock = (  # type: ignore[method-assign]  # that is the point
            _telling_lock(File.xLock),
            _telling_unlock(File.xUnlock),
            _telling_check(File.xCheckReservedLock),
        )

    def remove(self) -> None:
        """Put the real ones back."""
        File.xLock, File.xUnlock, File.xCheckReservedLock = self._before  # type: ignore[method-assign]  # as above


def _telling_lock(method: Callable[[File, int], None]) -> Callable[[File, int], None]:
    def lock(file: File, level: int) -> None:
        if ACTIVE:
            recorder, name = ACTIVE[0], file.name
            _compare_at_end(recorder, file)
            if level == SHARED:
                recorder.read(("closed", name))
            else:
                recorder.read(("writer", name))
            if level == EXCLUSIVE:
                recorder.read(("readers", name))
        method(file, level)

    return lock


def _telling_unlock(method: Callable[[File, int], None]) -> Callable[[File, int], None]:
    def unlock(file: File, level: int) -> None:
        if ACTIVE:
            _compare_at_end(ACTIVE[0], file)
        method(file, level)

    return unlock


def _telling_check(method: Callable[[File], bool]) -> Callable[[File], bool]:
    """SQLite asks, where there is a journal, whether its writer lives; only a dead one's makes a difference."""

    def check(file: File) -> bool:
        reserved = method(file)
        if ACTIVE and not reserved:
            ACTIVE[0].unknowable()
        return reserved

    return check


def _compare_at_end(recorder: Recorder, file: File) -> None:
    if file not in recorder.ending:
        recorder.ending[file] = functools.partial(_say_difference, file, file.lock_level)


def _say_difference(file: File, before: int, recorder: Recorder) -> None:
    """What others can see of the locks that a step took and gave back."""
    after, name = file.lock_level, file.name
    if before == after:
        return
    if (before >= RESERVED) != (after >= RESERVED):
        recorder.write(("writer", name))
    if (before >= PENDING) != (after >= PENDING):
        recorder.write(("closed", name))
    if (before >= SHARED) != (after >= SHARED):
        recorder.update(("readers", name))
