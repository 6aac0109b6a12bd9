"""The tables, and how a database that has none, or has others, is met."""

from pathlib import Path

import apsw

SCHEMA_VERSION = 1
"""Kept in the database itself as `PRAGMA user_version`; 0 means that there is no table yet."""

SCHEMA = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")


class UnknownSchemaError(RuntimeError):
    """The database was made by another release; opening it could damage it."""


def bring_up_to_date(connection: apsw.Connection) -> None:
    """Makes the tables where there are none; raises `UnknownSchemaError` for any other release's."""
    version = read_version(connection)
    if version == 0:
        _make_tables(connection)
    elif version != SCHEMA_VERSION:
        raise UnknownSchemaError(f"the database has schema version {version}, not {SCHEMA_VERSION}")


def read_version(connection: apsw.Connection) -> int:
    """The schema version that the database says it has."""
    version: int = connection.pragma("user_version")
    return version


def _make_tables(connection: apsw.Connection) -> None:
    """Makes all or nothing; looks again inside the transaction, as another process may do the same."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if read_version(connection) == 0:
            connection.execute(SCHEMA)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
