"""What SQL statements read, found out by asking SQLite: which tables, or which one row.

Found once for each text, on a scratch database with the same schema: the tables from the authorizer; from the byte
code, whether the statement looks for one row by the whole primary key, and which parameters those are. The answer
of such a statement depends on that row alone, whatever plan SQLite chooses on the real database. What a statement
that changes something reads is not looked at: it reads the whole database, which costs nothing in a transaction,
for that holds the lock anyway. A statement that is none of these (a PRAGMA, a change of the schema, a savepoint, a
call of `random()`) is unknowable.

Rejected: parsing SQL text; SQLite's own description of its plan in words, which is made for people.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import apsw
import apsw.ext
from attrs import define, field, frozen

from machines.world.recording import Recorder

_CONTROL = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK"})
_CHANGING = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"})
_READING = frozenset({"SELECT", "VALUES"})
_AT_ONE_BLOW = frozenset({"Clear", "Destroy", "ParseSchema"})
_TELLING_ORDER = frozenset({"changes", "last_insert_rowid", "random", "randomblob", "total_changes"})
"""Functions whose value depends on what happened before on the connection, or on nothing at all."""
_SEARCHING = frozenset({"SeekGE", "SeekRowid"})
_REPEATING = frozenset({"Next", "Prev", "Rewind", "Last", "OpenEphemeral", "VOpen", "Gosub", "BeginSubrtn"})
_PLAIN_KEY = re.compile(r"k\(\d+[,B-]*\)|\d+")
"""What the byte code says of a table whose key is compared byte by byte."""
DATABASE = "database"
_AFFINITIES = {"TEXT": str, "INTEGER": int, "INT": int}


@frozen
class Reading:
    """What a statement reads: whole tables, or one row of one by the parameters of its key. Or nobody knows."""

    known: bool = True
    tables: tuple[str, ...] = ()
    row_of: str = ""
    parameters: tuple[int, ...] = ()
    types: tuple[type, ...] = ()

    def touch(self, recorder: Recorder, bindings: Any) -> None:
        """Say what the statement reads with these bindings."""
        if not self.known:
            recorder.unknowable()
        elif self.row_of:
            recorder.read(self._row(bindings) or ("table", self.row_of))
        else:
            for table in self.tables:
                recorder.read(("table", table))

    def _row(self, bindings: Any) -> Hashable | None:
        """The row that is looked for; None if the bindings do not say so plainly."""
        if not isinstance(bindings, tuple | list) or len(bindings) < max(self.parameters):
            return None
        key = tuple(bindings[number - 1] for number in self.parameters)
        if any(type(part) is not kind for part, kind in zip(key, self.types, strict=True)):
            return None
        return ("row", self.row_of, key)


UNKNOWN = Reading(known=False)
NOTHING = Reading()
WHOLE_DATABASE = Reading(tables=(DATABASE,))


@frozen
class Table:
    """A table: its page, the places of its primary key among its columns, and their types; or that of a rowid."""

    name: str
    root: int
    key: tuple[int, ...]
    types: tuple[type, ...]
    with_rowid: bool

    def keys(self, change: Any) -> set[tuple[Any, ...]]:
        """The keys of the row before and after a change."""
        if self.with_rowid:
            return {(change.rowid,), (change.rowid_new,)}
        return {
            tuple(row[place] for place in self.key) for row in (change.old, change.new) if row is not None
        }


@define(eq=False)
class Catalogue:
    """What statements read, in a database with one schema. State: what was found out, by text."""

    scratch: apsw.Connection
    tables: Mapping[str, Table]
    readings: dict[str, Reading] = field(factory=dict)

    def reading(self, sql: str) -> Reading:
        """What a statement reads."""
        known = self.readings.get(sql)
        if known is None:
            known = self.readings[sql] = self._found_out(sql)
        return known

    def _found_out(self, sql: str) -> Reading:
        verb = sql.split(None, 1)[0].rstrip(";").upper() if sql.strip() else ""
        if verb in _CONTROL and "TO" not in sql.upper().split():
            return NOTHING
        if verb not in _CHANGING and verb not in _READING:
            return UNKNOWN
        try:
            told = apsw.ext.query_info(self.scratch, sql, actions=True, explain=True)
        except apsw.Error:
            return UNKNOWN
        code, asked = told.explain or [], told.actions or []
        if told.query_remaining or _is_odd(code, asked):
            return UNKNOWN
        if any(step.opcode == "Transaction" and step.p2 for step in code):
            return WHOLE_DATABASE
        tables = {str(each.table_name) for each in asked if each.action == apsw.SQLITE_READ}
        return self._point(code, tables) or Reading(tables=tuple(sorted(tables)))

    def _point(self, code: Sequence[Any], tables: set[str]) -> Reading | None:
        """The reading of one row by its whole key, if this byte code does no more than that."""
        opened = [step for step in code if step.opcode == "OpenRead"]
        searches = [step for step in code if step.opcode in _SEARCHING]
        if len(opened) != 1 or len(searches) != 1 or any(step.opcode in _REPEATING for step in code):
            return None
        table = next((each for each in self.tables.values() if each.root == opened[0].p2), None)
        if table is None or {table.name} != tables or not _PLAIN_KEY.fullmatch(str(opened[0].p4)):
            return None
        search = searches[0]
        if table.with_rowid != (search.opcode == "SeekRowid"):
            return None
        if not table.with_rowid and str(search.p4) != str(len(table.key)):
            return None
        bound = {step.p2: step.p1 for step in code if step.opcode == "Variable"}
        first = search.p3
        registers = range(first, first + len(table.key))
        if any(register not in bound for register in registers):
            return None
        return Reading(
            row_of=table.name,
            parameters=tuple(bound[register] for register in registers),
            types=table.types,
        )


def _is_odd(code: Sequence[Any], asked: Sequence[Any]) -> bool:
    """Whether a statement empties a table at one blow, or calls a function that tells the order of things."""
    return any(step.opcode in _AT_ONE_BLOW for step in code) or any(
        str(each.function_name).lower() in _TELLING_ORDER for each in asked
    )


@functools.lru_cache(maxsize=64)
def catalogue_of(schema: tuple[str, ...]) -> Catalogue:
    """The catalogue of databases whose schema was made by these statements."""
    scratch = apsw.Connection(":memory:")
    for sql in schema:
        scratch.execute(sql)
    tables = {}
    for name, root in scratch.execute(
        "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'"
    ).fetchall():
        table = _table(scratch, name, root)
        if table is not None:
            tables[name] = table
    return Catalogue(scratch, tables)


def _table(scratch: apsw.Connection, name: str, root: int) -> Table | None:
    """What is known of a table; None if nothing of it can be told apart by key."""
    columns = scratch.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
    without = scratch.execute("SELECT wr FROM pragma_table_list WHERE name = ?", (name,)).fetchall()[0][0]
    if not without:
        return Table(name, root, (0,), (int,), with_rowid=True)
    keyed = sorted((pk, place, kind) for place, (_, kind, pk) in enumerate(columns) if pk)
    types = tuple(_AFFINITIES.get(kind.upper()) for _, _, kind in keyed)
    if None in types:
        return None
    return Table(name, root, tuple(place for _, place, _ in keyed), types, with_rowid=False)  # type: ignore[arg-type]  # none of them is None
