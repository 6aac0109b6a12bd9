"""What clients may rely on from the personality service, on a real file and real threads."""

from pathlib import Path

import trio

from system_under_test.errors import ServiceError
from system_under_test.services.fields import Entity
from tests.system.support import NOON_MS, World, draft, refusal, run


def test_create_stores_the_draft_and_what_the_server_makes(tmp_path: Path) -> None:
    """A created personality is its cleaned draft, defaults, an id, both times now, and version 1."""

    async def scenario(world: World) -> None:
        people = world.system.personalities
        made = await people.create(world.context(), draft("  <b>Grace</b>   Hopper ", openness=0))
        expected = draft("bGrace/b Hopper", openness=0) | {
            "description": None,
            "customInstructions": None,
            "isTemplate": False,
            "createdAt": NOON_MS,
            "updatedAt": NOON_MS,
            "version": 1,
        }
        assert made == {**expected, "id": made["id"]}
        assert await people.get(world.context(), made["id"]) == made

    run(tmp_path, scenario)


def test_get_of_an_unknown_id_is_none(tmp_path: Path) -> None:
    """Reading a personality that does not exist answers None."""

    async def scenario(world: World) -> None:
        assert await world.system.personalities.get(world.context(), "nobody") is None

    run(tmp_path, scenario)


def test_update_merges_and_counts(tmp_path: Path) -> None:
    """An update changes what it names, keeps the rest, and takes the version one further."""

    async def scenario(world: World) -> None:
        people = world.system.personalities
        made = await people.create(world.context(), draft())
        world.clock.at_ms += 5
        changed = await people.update(world.context(), made["id"], 1, {"humor": 0, "description": "<new>"})
        assert changed == made | {"humor": 0, "description": "new", "version": 2, "updatedAt": NOON_MS + 5}
        assert await people.get(world.context(), made["id"]) == changed

    run(tmp_path, scenario)


def test_update_that_changes_nothing_counts_too(tmp_path: Path) -> None:
    """An update to the values already there still takes the version one further."""

    async def scenario(world: World) -> None:
        people = world.system.personalities
        made = await people.create(world.context(), draft())
        assert (await people.update(world.context(), made["id"], 1, {"humor": 50}))["version"] == 2

    run(tmp_path, scenario)


def test_a_clock_put_back_does_not_put_an_update_before_its_creation(tmp_path: Path) -> None:
    """UpdatedAt never falls, even if the clock does."""

    async def scenario(world: World) -> None:
        people = world.system.personalities
        made = await people.create(world.context(), draft())
        world.clock.at_ms -= 1_000
        changed = await people.update(world.context(), made["id"], 1, {"humor": 1})
        assert changed["updatedAt"] == NOON_MS

    run(tmp_path, scenario)


def test_update_refuses_in_the_declared_order(tmp_path: Path) -> None:
    """Shape comes before existence, then template, version, validity of the whole, and the name."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        made = await people.create(context, draft())
        template = await people.create(context, draft("Template", isTemplate=True))
        await refusal("VALIDATION_ERROR", people.update(context, "nobody", 0, {"humor": 1}))
        await refusal("PERSONALITY_NOT_FOUND", people.update(context, "nobody", 9, {"humor": 101}))
        await refusal("TEMPLATE_IMMUTABLE", people.update(context, template["id"], 9, {"humor": 101}))
        conflict = await refusal(
            "CONCURRENT_MODIFICATION", people.update(context, made["id"], 9, {"humor": 101})
        )
        assert conflict.details == {"currentVersion": 1}
        await refusal(
            "VALIDATION_ERROR", people.update(context, made["id"], 1, {"humor": 101, "name": "Template"})
        )
        await refusal("DUPLICATE_NAME", people.update(context, made["id"], 1, {"name": "Template"}))
        assert await people.get(context, made["id"]) == made

    run(tmp_path, scenario)


def test_update_names_every_fault_of_its_shape(tmp_path: Path) -> None:
    """A badly shaped update gets one field error a field, in order."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        wrong = await refusal("VALIDATION_ERROR", people.update(context, "x", True, {"id": "y", "hue": 1}))  # noqa: FBT003 - a wrong version
        assert [(each.field, each.code) for each in wrong.field_errors] == [
            ("expectedVersion", "TYPE"),
            ("hue", "UNKNOWN_FIELD"),
            ("id", "FORBIDDEN_FIELD"),
        ]
        empty = await refusal("VALIDATION_ERROR", people.update(context, "x", 1, {}))
        assert [(each.field, each.code) for each in empty.field_errors] == [("changes", "REQUIRED")]

    run(tmp_path, scenario)


def test_create_passes_on_what_validation_found(tmp_path: Path) -> None:
    """A refused draft names the service that found the faults, the name, and each fault."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context("c-9")
        verdict = await world.system.validation.validate_entity(context, draft(humor=101, mood="blue"))
        error = await refusal("VALIDATION_ERROR", people.create(context, draft(humor=101, mood="blue")))
        assert (error.service, error.operation, error.entity, error.correlation_id) == (
            "ValidationService",
            "create",
            "Grace",
            "c-9",
        )
        assert error.field_errors == verdict.field_errors
        assert (error.kind, error.retryable) == ("validation", False)

    run(tmp_path, scenario)


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    """A second personality of the same name is a business error that says nothing of the database."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        await people.create(context, draft("Grace"))
        error = await refusal("DUPLICATE_NAME", people.create(context, draft("<Grace>")))
        assert (error.kind, error.retryable, error.entity) == ("business", False, "<Grace>")
        assert str(error) == "DUPLICATE_NAME: another personality has this name"

    run(tmp_path, scenario)


def test_deleted_is_gone_and_its_name_free(tmp_path: Path) -> None:
    """After a delete the id finds nothing, and the name may be used by a personality of another id."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        made = await people.create(context, draft())
        await people.delete(context, made["id"])
        assert await people.get(context, made["id"]) is None
        await refusal("PERSONALITY_NOT_FOUND", people.delete(context, made["id"]))
        again = await people.create(context, draft())
        assert again["id"] != made["id"]

    run(tmp_path, scenario)


def test_a_template_cannot_be_deleted(tmp_path: Path) -> None:
    """Deleting a template is refused and it stays."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        made = await people.create(context, draft(isTemplate=True))
        await refusal("TEMPLATE_IMMUTABLE", people.delete(context, made["id"]))
        assert await people.get(context, made["id"]) == made

    run(tmp_path, scenario)


def test_batch_reads_keep_the_order(tmp_path: Path) -> None:
    """get_many answers in the order asked, with None for the missing; get_all in order of name."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        zoe, ada = [await people.create(context, draft(name)) for name in ("Zoe", "Ada")]
        assert await people.get_many(context, [zoe["id"], "nobody", ada["id"]]) == [zoe, None, ada]
        assert await people.get_all(context) == [ada, zoe]
        twice = await people.get_many(context, [ada["id"], ada["id"]])
        assert twice[0] is not twice[1]

    run(tmp_path, scenario)


def test_references_and_drafts_can_be_checked(tmp_path: Path) -> None:
    """validate_reference says whether an id exists; batch_validate judges drafts in one message."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        made = await people.create(context, draft())
        assert await people.validate_reference(context, made["id"])
        assert not await people.validate_reference(context, "nobody")
        world.journal.messages.clear()
        verdicts = await people.batch_validate(context, [draft(), draft(humor=None)])
        assert [each.outcome for each in verdicts] == ["ok", "VALIDATION_ERROR"]
        assert len(world.journal.messages) == 1

    run(tmp_path, scenario)


def test_of_two_updates_from_one_version_one_wins(tmp_path: Path) -> None:
    """Concurrent updates with one expected version: one commits, the other learns the new version."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        made = await people.create(context, draft())
        answers: list[Entity | ServiceError] = []

        async def update(humor: int) -> None:
            try:
                answers.append(await people.update(context, made["id"], 1, {"humor": humor}))
            except ServiceError as error:
                answers.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(update, 1)
            nursery.start_soon(update, 2)
        (error,) = (each for each in answers if isinstance(each, ServiceError))
        (winner,) = (each for each in answers if not isinstance(each, ServiceError))
        assert (error.code, error.details) == ("CONCURRENT_MODIFICATION", {"currentVersion": 2})
        assert await people.get(context, made["id"]) == winner

    run(tmp_path, scenario)


def test_of_two_creations_of_one_name_one_wins(tmp_path: Path) -> None:
    """Concurrent creations of one name: one commits, the other is refused."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        codes: list[str] = []

        async def create() -> None:
            try:
                await people.create(context, draft())
                codes.append("ok")
            except ServiceError as error:
                codes.append(error.code)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(create)
            nursery.start_soon(create)
        assert sorted(codes) == ["DUPLICATE_NAME", "ok"]
        assert len(await people.get_all(context)) == 1

    run(tmp_path, scenario)


def test_the_number_of_suspensions_is_what_the_design_allows(tmp_path: Path) -> None:
    """An update is six statements, a creation five, a read one, a refusal by version four."""

    async def scenario(world: World) -> None:
        people, context, statements = world.system.personalities, world.context(), world.blocking.statements
        statements.clear()
        made = await people.create(context, draft())
        assert [each.split()[0] for each in statements] == ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]
        statements.clear()
        await people.update(context, made["id"], 1, {"humor": 1})
        words = [each.split()[0] for each in statements]
        assert words == ["BEGIN", "SELECT", "UPDATE", "INSERT", "INSERT", "COMMIT"]
        statements.clear()
        await people.get_all(context)
        assert len(statements) == 1
        statements.clear()
        await refusal("CONCURRENT_MODIFICATION", people.update(context, made["id"], 1, {"humor": 1}))
        assert [each.split()[0] for each in statements] == ["BEGIN", "SELECT", "ROLLBACK", "INSERT"]

    run(tmp_path, scenario)
