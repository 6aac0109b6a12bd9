"""What operations leave behind: audit entries, history, and messages in the journal."""

import json
from pathlib import Path

from system_under_test.communication.calls import copied, digest
from system_under_test.services.fields import settable_part
from tests.system.support import NOON_MS, SECRET, World, draft, refusal, run


def test_a_change_is_audited_with_it(tmp_path: Path) -> None:
    """A success has started, step and committed under its correlation id, and nothing else."""

    async def scenario(world: World) -> None:
        people = world.system.personalities
        made = await people.create(world.context("c-1"), draft())
        await people.update(world.context("c-2"), made["id"], 1, {"humor": 1})
        await people.delete(world.context("c-3"), made["id"])
        assert world.audit() == [
            (f"c-{number}", operation, kind)
            for number, operation in enumerate(("create", "update", "delete"), 1)
            for kind in ("started", "step", "committed")
        ]
        details = world.rows("SELECT DISTINCT entity, principal, at_ms FROM audit")
        assert details == [(made["id"], "ada", NOON_MS)]
        assert world.rows("SELECT detail FROM audit WHERE kind = 'step'") == [
            ("save",),
            ("update",),
            ("delete",),
        ]

    run(tmp_path, scenario)


def test_a_refusal_is_audited_with_its_chain(tmp_path: Path) -> None:
    """A refused operation has started and rejected, the latter with every code of the chain."""

    async def scenario(world: World) -> None:
        people = world.system.personalities
        await people.create(world.context("c-1"), draft())
        await refusal("DUPLICATE_NAME", people.create(world.context("c-2"), draft()))
        rows = world.rows("SELECT entity, kind, detail FROM audit WHERE correlation_id = 'c-2'")
        assert rows == [("Grace", "started", ""), ("Grace", "rejected", "DUPLICATE_NAME < DATABASE_UNIQUE")]

    run(tmp_path, scenario)


def test_a_read_is_not_audited(tmp_path: Path) -> None:
    """A successful read leaves no audit entry."""

    async def scenario(world: World) -> None:
        await world.system.personalities.get_all(world.context())
        assert world.audit() == []

    run(tmp_path, scenario)


def test_warnings_are_told_to_auditors(tmp_path: Path) -> None:
    """A remarkable personality is stored, and its committed entry has the codes of the remarks."""

    async def scenario(world: World) -> None:
        traits = {"extraversion": 86, "agreeableness": 19}
        await world.system.personalities.create(world.context(), draft() | traits)
        rows = world.rows("SELECT detail FROM audit WHERE kind = 'committed'")
        assert rows == [("EXTRAVERTED_AND_DISAGREEABLE",)]

    run(tmp_path, scenario)


def test_history_has_a_row_a_change(tmp_path: Path) -> None:
    """Each committed change has its version, correlation id, time, kind, and old and new values."""

    async def scenario(world: World) -> None:
        people = world.system.personalities
        made = await people.create(world.context("c-1"), draft(customInstructions=SECRET))
        await people.update(world.context("c-2"), made["id"], 1, {"humor": 0, "brevity": 50})
        await people.delete(world.context("c-3"), made["id"])
        rows = world.rows("SELECT * FROM personality_history ORDER BY version")
        assert [row[:5] for row in rows] == [
            (made["id"], 1, "c-1", NOON_MS, "created"),
            (made["id"], 2, "c-2", NOON_MS, "updated"),
            (made["id"], 3, "c-3", NOON_MS, "deleted"),
        ]
        created, updated, deleted = (json.loads(row[5]) for row in rows)
        assert created["customInstructions"] == [None, SECRET]
        assert updated == {"humor": [50, 0]}
        assert deleted["humor"] == [0, None]

    run(tmp_path, scenario)


def test_an_update_is_three_messages(tmp_path: Path) -> None:
    """An update loads, has the merged entity validated, and stores: one message each, with the context."""

    async def scenario(world: World) -> None:
        people, journal = world.system.personalities, world.journal
        made = await people.create(world.context(), draft())
        journal.messages.clear()
        changed = await people.update(world.context("c-2"), made["id"], 1, {"humor": 1})
        assert [(each.callee, each.operation) for each in journal.messages] == [
            ("PersistenceService", "find_for_change"),
            ("ValidationService", "validate_entity"),
            ("PersistenceService", "update"),
        ]
        assert journal.messages[1].payload_digest == digest(settable_part(changed))
        for each in journal.messages:
            assert (each.correlation_id, each.principal, each.caller) == ("c-2", "ada", "PersonalityService")
            assert (each.attempt, each.sent_ms, each.done_ms, each.outcome) == (1, NOON_MS, NOON_MS, "ok")

    run(tmp_path, scenario)


def test_a_creation_is_two_messages_and_a_read_one(tmp_path: Path) -> None:
    """Nothing is asked twice: create validates and saves, each read loads once."""

    async def scenario(world: World) -> None:
        people, journal, context = world.system.personalities, world.journal, world.context()
        made = await people.create(context, draft())
        await people.get(context, made["id"])
        await people.get_many(context, [made["id"]])
        await people.get_all(context)
        assert [each.operation for each in journal.messages] == [
            "validate_entity",
            "save",
            "find_by_id",
            "find_many",
            "find_all",
        ]

    run(tmp_path, scenario)


def test_the_journal_has_the_outcome_of_each_call(tmp_path: Path) -> None:
    """An invalid verdict and an error of the callee are journaled by their codes."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        await people.create(context, draft())
        await refusal("VALIDATION_ERROR", people.create(context, draft(humor=101)))
        assert world.journal.messages[-1].outcome == "VALIDATION_ERROR"
        await refusal("DUPLICATE_NAME", people.create(context, draft()))
        assert world.journal.messages[-1].outcome == "DUPLICATE_NAME"

    run(tmp_path, scenario)


def test_equal_payloads_have_equal_digests() -> None:
    """The order of keys does not matter, the values do, and what JSON cannot hold has a digest too."""
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": True})
    assert len(digest({1: "x", "y": {3}})) == 32


def test_copies_share_nothing_that_can_change() -> None:
    """Dicts and lists are copied at every depth."""
    payload = {"a": [{"b": 1}], "c": {"d": [2]}}
    copy = copied(payload)
    copy["a"][0]["b"] = copy["c"]["d"][0] = 9
    assert payload == {"a": [{"b": 1}], "c": {"d": [2]}}
