"""A system as a whole: opening, closing, and being put aside as bytes."""

import io
import pickle
from pathlib import Path
from typing import Any

import apsw
import attrs
import pytest
import trio

from system_under_test.errors import ServiceError
from system_under_test.production import production_ports
from system_under_test.security import READ, WRITE, Authority
from system_under_test.settings import Settings
from system_under_test.storage.schema import UnknownSchemaError
from system_under_test.system import System, open_system
from tests.system.support import LATER_MS, World, draft, refusal, run


class Putter(pickle.Pickler):
    """Pickles a system; what belongs to the outside is left there and numbered."""

    def __init__(self, file: io.BytesIO, outside: list[object]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.outside = outside

    def persistent_id(self, thing: object) -> int | None:
        """The number of a thing of the outside; None for what is part of the system."""
        if isinstance(thing, apsw.Connection) and thing not in self.outside:
            self.outside.append(thing)
        return next((number for number, each in enumerate(self.outside) if each is thing), None)


class Taker(pickle.Unpickler):
    """Puts a pickled system back into its outside."""

    def __init__(self, file: io.BytesIO, outside: list[object]) -> None:
        super().__init__(file)
        self.outside = outside

    def persistent_load(self, pid: int) -> object:
        """The thing of the outside with this number."""
        return self.outside[pid]


def test_a_quiet_system_survives_pickling(tmp_path: Path) -> None:
    """Everything but ports and raw connections can be put aside as bytes and goes on from there."""

    async def scenario(world: World) -> None:
        context = world.context()
        made = await world.system.personalities.create(context, draft())
        ports = world.system.personalities._ports
        outside: list[Any] = [getattr(ports, each.name) for each in attrs.fields(type(ports))]
        file = io.BytesIO()
        Putter(file, outside).dump(world.system)
        world.system.access.revoke("ada", READ, WRITE)
        restored = Taker(io.BytesIO(file.getvalue()), outside).load()
        assert isinstance(restored, System)
        assert await restored.personalities.get(context, made["id"]) == made
        assert (await restored.personalities.update(context, made["id"], 1, {"humor": 1}))["version"] == 2
        assert restored.database.connections.idle == 2

    run(tmp_path, scenario)


def test_a_service_error_survives_pickling(tmp_path: Path) -> None:
    """An error keeps all that it says when it is put aside as bytes."""

    async def scenario(world: World) -> None:
        error = await refusal("VALIDATION_ERROR", world.system.personalities.create(world.context(), {}))
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - bytes made in this line
        assert isinstance(copy, ServiceError)
        assert (copy.chain, copy.field_errors, str(copy)) == (error.chain, error.field_errors, str(error))

    run(tmp_path, scenario)


def test_a_system_comes_back_to_its_data(tmp_path: Path) -> None:
    """Opened again on the same file, with the same authority, a system goes on where it was closed."""
    ports, authority = production_ports(tmp_path / "personalities.db"), Authority(b"kept")
    context = authority.issue("ada", "c-1", ports.clock.now_ms() + LATER_MS)

    async def main() -> None:
        first = await open_system(ports, authority=authority)
        first.access.grant("ada", READ, WRITE)
        made = await first.personalities.create(context, draft())
        await first.close()
        second = await open_system(ports, authority=authority, access=first.access)
        assert await second.personalities.get(context, made["id"]) == made
        await second.close()

    trio.run(main)


def test_a_closed_system_refuses(tmp_path: Path) -> None:
    """After closing, requests are refused as unavailable and no connection is open."""

    async def scenario(world: World) -> None:
        await world.system.close()
        await refusal("SERVICE_UNAVAILABLE", world.system.personalities.get_all(world.context()))
        assert world.system.database.connections.idle == 0

    run(tmp_path, scenario)


def test_closing_waits_for_what_is_being_done(tmp_path: Path) -> None:
    """A system that is closed during a change lets the change come to its end."""

    async def scenario(world: World) -> None:
        async with trio.open_nursery() as nursery:

            def close_before_commit(statement: str) -> None:
                if statement == "COMMIT":
                    nursery.start_soon(world.system.close)

            world.blocking.before = close_before_commit
            made = await world.system.personalities.create(world.context(), draft())
        assert world.system.database.connections.idle == 0
        assert world.rows("SELECT id FROM personality") == [(made["id"],)]

    run(tmp_path, scenario)


def test_another_releases_database_is_left_alone(tmp_path: Path) -> None:
    """A schema version that this release does not know is refused when the system opens."""
    path = tmp_path / "personalities.db"
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(UnknownSchemaError, match="99"):
        trio.run(open_system, production_ports(path))


def test_many_clients_share_few_connections(tmp_path: Path) -> None:
    """Twenty concurrent updates of one personality, each tried until it wins, give twenty versions."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        made = await people.create(context, draft())

        async def update(humor: int) -> None:
            expected = 1
            while True:
                try:
                    await people.update(context, made["id"], expected, {"humor": humor})
                except ServiceError as error:
                    expected = error.details.get("currentVersion", expected)
                else:
                    return

        async with trio.open_nursery() as nursery:
            for humor in range(20):
                nursery.start_soon(update, humor)
        rows = world.rows("SELECT version FROM personality_history ORDER BY version")
        assert [version for (version,) in rows] == list(range(1, 22))

    run(tmp_path, scenario, Settings(busy_first_delay_ms=1))


def test_production_ports_are_of_this_machine(tmp_path: Path) -> None:
    """Production's own clock has begun, its names differ, its numbers are in range."""
    ports = production_ports(tmp_path / "personalities.db")
    assert ports.clock.now_ms() > 0
    assert ports.randomness.uuid() != ports.randomness.uuid()
    assert 1 <= ports.randomness.uniform(1, 2) <= 2
