"""Wires the services to the ports; there is no other state than that of the object made here."""

from hashlib import blake2b

from attrs import frozen

from system_under_test.audit import AuditLog
from system_under_test.communication.calls import Calls
from system_under_test.errors import Request
from system_under_test.ports import Ports
from system_under_test.security import AccessControl, Authority, Guard
from system_under_test.services.persistence import PersistenceService
from system_under_test.services.personality import PersonalityService
from system_under_test.services.validation import ValidationService
from system_under_test.settings import Settings
from system_under_test.storage.blocking import Blocking
from system_under_test.storage.connections import Connections
from system_under_test.storage.database import Database
from system_under_test.storage.schema import bring_up_to_date

DEFAULT_SETTINGS = Settings()


@frozen
class System:
    """The services of one process, with the doors that their operator needs."""

    personalities: PersonalityService
    validation: ValidationService
    persistence: PersistenceService
    database: Database
    access: AccessControl
    authority: Authority

    async def close(self) -> None:
        """Refuses what comes, waits for what is being done, and closes the database."""
        await self.database.connections.close()


async def open_system(
    ports: Ports,
    settings: Settings = DEFAULT_SETTINGS,
    *,
    authority: Authority | None = None,
    access: AccessControl | None = None,
) -> System:
    """A system ready to serve, with every connection open and the tables made if there were none.

    Without an `authority` it has one of its own, whose contexts no other system accepts, not even the
    next one on the same database; without `access`, nobody may do anything until granted. Raises
    `ServiceError` if the database cannot be used, `UnknownSchemaError` if another release made it.
    """
    guard = Guard(authority or _new_authority(ports), access or AccessControl(), ports.clock)
    database = await _open_database(ports, settings)
    checks, stores = ValidationService(guard), PersistenceService(guard)
    audit = AuditLog(database, ports.clock)
    personalities = PersonalityService(ports, guard, Calls(ports), database, audit, checks, stores)
    return System(personalities, checks, stores, database, guard.access, guard.authority)


def _new_authority(ports: Ports) -> Authority:
    """An authority with a key that nobody else knows."""
    return Authority(blake2b(ports.randomness.uuid().encode()).digest())


async def _open_database(ports: Ports, settings: Settings) -> Database:
    request = Request("system", ports.randomness.uuid(), "open_system", None, ports.clock.now_ms())
    blocking = Blocking(ports, settings)
    connections = Connections(ports, settings, blocking)
    try:
        await _prepare_database(connections, blocking, request)
    except BaseException:
        await connections.close()
        raise
    return Database(blocking, connections)


async def _prepare_database(connections: Connections, blocking: Blocking, request: Request) -> None:
    connection = await connections.acquire(request)
    try:
        await blocking.run(request, bring_up_to_date, connection)
    finally:
        connections.release(connection)
    await connections.fill(request)
