"""What the database's errors mean to a client; the database's own words stay behind.

The original error stays attached as `__cause__`, for a debugger on the server; no text of it is used.
"""

import apsw

from system_under_test.errors import Cause, Code, Request, ServiceError, failure

DATABASE = "Database"
SERVICE = "PersistenceService"

BUSY_ERRORS = (apsw.BusyError, apsw.LockedError)

_MEANINGS: tuple[tuple[type[apsw.Error], Code, str, bool], ...] = (
    (apsw.BusyError, "SERVICE_UNAVAILABLE", "DATABASE_BUSY", True),
    (apsw.LockedError, "SERVICE_UNAVAILABLE", "DATABASE_BUSY", True),
    (apsw.FullError, "RESOURCE_EXHAUSTED", "DATABASE_FULL", False),
    (apsw.NoMemError, "RESOURCE_EXHAUSTED", "DATABASE_MEMORY", False),
    (apsw.IOError, "SERVICE_UNAVAILABLE", "DATABASE_IO", True),
    (apsw.CantOpenError, "SERVICE_UNAVAILABLE", "DATABASE_CANNOT_OPEN", True),
    (apsw.CorruptError, "CORRUPTION_DETECTED", "DATABASE_CORRUPT", False),
    (apsw.NotADBError, "CORRUPTION_DETECTED", "DATABASE_CORRUPT", False),
    (apsw.ConstraintError, "SERVICE_UNAVAILABLE", "DATABASE_CONSTRAINT", False),
)
"""Error of the database, code of the service, code of the cause, whether trying again may help."""


def translated(error: apsw.Error, request: Request) -> ServiceError:
    """The service's error for a database error met in the course of `request`."""
    if is_name_conflict(error):
        return _service_error("DUPLICATE_NAME", "DATABASE_UNIQUE", request, retryable=False)
    for error_type, code, cause, retryable in _MEANINGS:
        if isinstance(error, error_type):
            return _service_error(code, cause, request, retryable=retryable)
    return _service_error("SERVICE_UNAVAILABLE", "DATABASE_ERROR", request, retryable=False)


def is_name_conflict(error: apsw.Error) -> bool:
    """Whether a unique index refused a row; names have the only one that is not a primary key."""
    return (
        isinstance(error, apsw.ConstraintError)
        and getattr(error, "extendedresult", 0) == apsw.SQLITE_CONSTRAINT_UNIQUE
    )


def _service_error(code: Code, cause: str, request: Request, *, retryable: bool) -> ServiceError:
    causes = (Cause(DATABASE, request.operation, cause),)
    return failure(code, SERVICE, request, causes=causes, retryable=retryable)
