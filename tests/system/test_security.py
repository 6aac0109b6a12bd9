"""Who may do what, checked by every callee for itself, before anything happens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from system_under_test.errors import Request, ServiceError
from system_under_test.security import READ, REQUIRED, UNVERIFIED, WRITE, Authority
from tests.system.support import LATER_MS, NOON_MS, SECRET, World, draft, refusal, run

FORGERIES: dict[str, Callable[[World], Any]] = {
    "missing": lambda _: None,
    "another principal": lambda world: evolve(world.context(), principal="eve"),
    "another correlation id": lambda world: evolve(world.context(), correlation_id="c-2"),
    "a longer life": lambda world: evolve(world.context(), expires_at_ms=LATER_MS + 1),
    "another authority": lambda _: Authority(b"another key").issue("ada", "c-1", LATER_MS),
    "a signature that is not ASCII": lambda world: evolve(world.context(), signature="\u00e9"),
    "expired": lambda world: world.system.authority.issue("ada", "c-1", NOON_MS),
    "without permission": lambda world: world.system.authority.issue("bob", "c-1", LATER_MS),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_an_invalid_context_is_refused_before_anything_else(tmp_path: Path, forgery: str) -> None:
    """Even a request that is wrong in every other way answers ACCESS_DENIED."""

    async def scenario(world: World) -> None:
        world.system.access.grant("ada", READ, WRITE)
        people, context = world.system.personalities, FORGERIES[forgery](world)
        for answer in (
            people.create(context, {}),
            people.update(context, "nobody", 0, {}),
            people.delete(context, "nobody"),
            people.get(context, "nobody"),
            people.get_many(context, []),
            people.get_all(context),
        ):
            error = await refusal("ACCESS_DENIED", answer)
            assert (error.kind, error.service) == ("business", "PersonalityService")
        assert world.journal.messages == []
        assert [kind for _, _, kind in world.audit()] == ["started", "rejected"] * 6

    run(tmp_path, scenario)


def test_validation_checks_for_itself(tmp_path: Path) -> None:
    """The validation service refuses a context without permission, whoever passes it on."""

    async def scenario(world: World) -> None:
        context = world.system.authority.issue("bob", "c-7", LATER_MS)
        error = await refusal("ACCESS_DENIED", world.system.validation.validate_entity(context, draft()))
        assert (error.service, error.correlation_id) == ("ValidationService", "c-7")
        await refusal("ACCESS_DENIED", world.system.validation.validate_batch(None, []))

    run(tmp_path, scenario)


def test_persistence_checks_for_itself(tmp_path: Path) -> None:
    """The persistence service refuses before its first statement."""

    async def scenario(world: World) -> None:
        context = world.system.authority.issue("bob", "c-1", LATER_MS)
        request = Request("bob", "c-1", "test", None, NOON_MS)
        store = world.system.persistence
        change: Any = {"entity": draft(id="x")}
        async with world.system.database.session(request) as session:
            world.blocking.statements.clear()
            for answer in (
                store.save(context, change, session),
                store.update(context, change, session),
                store.delete(context, change, session),
                store.find_by_id(context, "x", session),
                store.find_for_change(context, "x", session),
                store.find_many(context, ["x"], session),
                store.find_all(context, None, session),
                store.exists(context, "x", session),
                store.count(context, None, session),
            ):
                error = await refusal("ACCESS_DENIED", answer)
                assert error.service == "PersistenceService"
            assert world.blocking.statements == []

    run(tmp_path, scenario)


def test_reading_does_not_entitle_to_writing_nor_writing_to_reading(tmp_path: Path) -> None:
    """Each operation needs its own permission."""

    async def scenario(world: World) -> None:
        world.system.access.grant("reader", READ)
        world.system.access.grant("writer", WRITE)
        people, issue = world.system.personalities, world.system.authority.issue
        reader, writer = issue("reader", "r", LATER_MS), issue("writer", "w", LATER_MS)
        made = await people.create(writer, draft())
        await people.update(writer, made["id"], 1, {"humor": 1})
        await refusal("ACCESS_DENIED", people.get(writer, made["id"]))
        assert await people.get(reader, made["id"]) is not None
        await refusal("ACCESS_DENIED", people.delete(reader, made["id"]))

    run(tmp_path, scenario)


def test_a_revocation_takes_effect_in_the_middle_of_an_operation(tmp_path: Path) -> None:
    """A permission lost while an update waits stops it at the next callee, and nothing is changed."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        made = await people.create(context, draft())

        def revoke(statement: str) -> None:
            if statement.startswith("SELECT"):
                world.system.access.revoke("ada", WRITE)

        world.blocking.after = revoke
        error = await refusal("ACCESS_DENIED", people.update(context, made["id"], 1, {"humor": 1}))
        assert error.service == "ValidationService"
        assert await people.get(context, made["id"]) == made

    run(tmp_path, scenario)


def test_nobody_vouches_for_a_forged_principal(tmp_path: Path) -> None:
    """The audit log does not put a forger's claim in the principal's column."""

    async def scenario(world: World) -> None:
        forged = evolve(world.context("c-5"), principal="root")
        await refusal("ACCESS_DENIED", world.system.personalities.get_all(forged))
        assert world.rows("SELECT DISTINCT principal, correlation_id FROM audit") == [(UNVERIFIED, "c-5")]

    run(tmp_path, scenario)


def test_a_missing_context_gets_a_correlation_id(tmp_path: Path) -> None:
    """A refusal without a context can still be found in the audit log."""

    async def scenario(world: World) -> None:
        error = await refusal("ACCESS_DENIED", world.system.personalities.get_all(None))
        assert {row[0] for row in world.audit()} == {error.correlation_id} != {""}

    run(tmp_path, scenario)


def test_what_clients_get_is_theirs(tmp_path: Path) -> None:
    """Changing an answer, or a draft after it was handed in, changes nothing in the store."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        wanted = draft()
        made = await people.create(context, wanted)
        wanted["humor"] = made["humor"] = 99
        stored = await people.get(context, made["id"])
        assert stored is not None
        assert stored["humor"] == 50

    run(tmp_path, scenario)


def test_sensitive_values_stay_in_their_rows(tmp_path: Path) -> None:
    """Custom instructions occur in no audit entry, no journal message and no error text."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        errors: list[ServiceError] = []
        made = await people.create(context, draft(customInstructions=SECRET))
        errors.append(
            await refusal("DUPLICATE_NAME", people.create(context, draft(customInstructions=SECRET)))
        )
        changes = {"customInstructions": SECRET, "humor": SECRET}
        errors.append(await refusal("VALIDATION_ERROR", people.update(context, made["id"], 1, changes)))
        told = [repr(world.rows("SELECT * FROM audit")), repr(world.journal.messages)]
        told += [f"{error} {error!r} {error.field_errors}" for error in errors]
        assert all(SECRET not in text for text in told)

    run(tmp_path, scenario)


def test_no_two_contexts_have_the_same_signature() -> None:
    """A digit moved from one field to the next gives another signature."""
    authority = Authority(b"key")
    assert authority.issue("ab", "c", 1).signature != authority.issue("a", "bc", 1).signature
    assert authority.issue("a", "b", 11).signature != authority.issue("a", "b1", 1).signature
    assert "key" not in repr(authority)


def test_every_operation_of_every_service_needs_a_permission(tmp_path: Path) -> None:
    """The table of permissions names each public coroutine of each service and no other."""

    async def scenario(world: World) -> None:
        services = (world.system.personalities, world.system.validation, world.system.persistence)
        offered = {
            (type(service).__name__, name)
            for service in services
            for name in vars(type(service))
            if not name.startswith("_")
        }
        assert offered == set(REQUIRED)

    run(tmp_path, scenario)
