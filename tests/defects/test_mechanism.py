"""Applying a seeded defect makes the system wrong in that way, and leaving it makes it right again."""

from __future__ import annotations

import inspect
import sys
import types
from typing import Any

import pytest

from machines import exploring
from machines.counterexample.record import machine_named
from machines.exploring import genesis
from machines.invariants import invariants_of
from machines.test_personality_edits import PersonalityEdits
from machines.world.kernel import loop
from system_under_test import audit, security
from system_under_test.errors import ServiceError
from system_under_test.services import persistence
from system_under_test.services.personality import PersonalityService
from system_under_test.storage import connections, schema
from system_under_test.storage.database import Transaction
from tests.defects import catalogue as listing
from tests.defects.applying import UnknownTargetError, applied, place_of
from tests.defects.catalogue import UnknownDefectError, catalogue, defect_named
from tests.defects.defect import PERSONALITY_EDITS, Defect, Replacement, defect, defect_of, misread

TWELVE = {
    "lost-update",
    "version-compared-outside-the-transaction",
    "unique-name-checked-then-inserted",
    "audit-outside-the-transaction",
    "rollback-forgetting-history",
    "error-swallowed",
    "trait-zero-treated-as-missing",
    "patch-validated-instead-of-the-whole",
    "version-reset-on-recreation",
    "raw-database-text-leaked",
    "connection-leaked-on-cancellation",
    "stale-cache",
}


def replacing(target: str, wrong: object) -> Defect:
    """A defect that lets `wrong` stand for `target`."""
    return Defect(
        "made-up", "Everything.", PERSONALITY_EDITS, "none", (Replacement(target, lambda _: wrong),)
    )


def test_a_method_is_replaced_and_restored() -> None:
    """Inside the `with` the class has the wrong method, afterwards the very one that it had."""
    right = vars(PersonalityService)["_check_version"]
    with applied(catalogue()["lost-update"]):
        assert vars(PersonalityService)["_check_version"] is not right
    assert vars(PersonalityService)["_check_version"] is right


def test_what_ends_with_an_error_is_restored_as_well() -> None:
    """An exception that passes through takes the defect with it."""
    right = vars(Transaction)["__aenter__"]
    with pytest.raises(ZeroDivisionError), applied(catalogue()["deferred-transaction"]):
        raise ZeroDivisionError
    assert vars(Transaction)["__aenter__"] is right


def test_a_static_method_stays_one() -> None:
    """What replaces a static method is wrapped as it was."""

    class Owner:
        @staticmethod
        def answer() -> int:
            return 42

    module = types.ModuleType("made_up_module")
    module.Owner = Owner  # type: ignore[attr-defined] # it has just been made
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "made_up_module", module)
        with applied(replacing("made_up_module:Owner.answer", lambda: 43)):
            assert Owner().answer() == 43
        assert Owner().answer() == 42


def test_a_function_is_replaced_where_it_was_imported() -> None:
    """A module that imported the function by name calls the wrong one too."""

    def nobodys(_context: object) -> str:
        return ""

    importer, right = vars(sys.modules[PersonalityService.__module__]), security.correlation_id_of
    with applied(replacing("system_under_test.security:correlation_id_of", nobodys)):
        assert importer["correlation_id_of"] is nobodys
    assert importer["correlation_id_of"] is right


def test_a_value_is_changed_from_what_it_is() -> None:
    """A statement or a schema becomes what the defect makes of the right one."""
    with applied(catalogue()["commit-not-synced"]):
        assert "PRAGMA synchronous = FULL" in connections.PRAGMAS
    assert "PRAGMA synchronous = EXTRA" in connections.PRAGMAS


def test_a_value_is_replaced_under_its_own_name_only() -> None:
    """An equal text that is something else stays, even where it is the same object."""
    text = persistence.DELETE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "SOMETHING_ELSE", text, raising=False)
        with applied(replacing("system_under_test.services.persistence:DELETE", "nothing")):
            assert persistence.DELETE == "nothing"
            assert vars(audit)["SOMETHING_ELSE"] == text


def test_a_defect_may_change_several_things() -> None:
    """A check that is made by hand comes with a schema that does not make it."""
    right = schema.SCHEMA
    with applied(catalogue()["unique-name-checked-then-inserted"]):
        assert "UNIQUE INDEX" not in schema.SCHEMA
    assert schema.SCHEMA is right


def test_started_systems_are_forgotten_on_both_ways() -> None:
    """A system that was started by the right code does not serve the wrong one, nor the other way round."""
    with loop().exploring():
        genesis(PersonalityEdits.subject, loop())
    with applied(catalogue()["unique-name-checked-then-inserted"]):
        assert not exploring._GENESIS
        with loop().exploring():
            genesis(PersonalityEdits.subject, loop())
    assert not exploring._GENESIS


@pytest.mark.parametrize(
    "target",
    [
        "system_under_test.no_such_module:function",
        "system_under_test.security:no_such_function",
        "system_under_test.security:Guard.no_such_method",
        "system_under_test.security:READ.part_of_a_text",
    ],
)
def test_a_target_that_is_not_there_is_an_error(target: str) -> None:
    """A defect that the system has outgrown does not silently change nothing."""
    with pytest.raises(UnknownTargetError, match="adapt the defect"), applied(replacing(target, print)):
        pass


def test_the_catalogue_has_the_twelve() -> None:
    """The mistakes that the suite was made for are all there."""
    assert set(catalogue()) >= TWELVE


@pytest.mark.parametrize("each", catalogue().values(), ids=list(catalogue()))
def test_a_wrong_function_is_called_like_the_right_one(each: Defect) -> None:
    """Parameters have the same names in the same order, so that the defect is wrong in one way only."""
    for replacement in each.replacements:
        right = place_of(replacement.target).right
        wrong = replacement.wrong_of(right)
        if inspect.isfunction(right):
            assert list(inspect.signature(wrong).parameters) == list(inspect.signature(right).parameters)
            assert inspect.iscoroutinefunction(wrong) == inspect.iscoroutinefunction(right)
        assert wrong != right


@pytest.mark.parametrize("each", catalogue().values(), ids=list(catalogue()))
def test_a_defect_names_an_invariant_of_its_machine(each: Defect) -> None:
    """The invariant that must notice is one that the machine asks."""
    assert each.caught_by in {one.name for one in invariants_of(machine_named(each.machine))}


@pytest.mark.parametrize("each", catalogue().values(), ids=list(catalogue()))
def test_a_defect_says_in_one_sentence_what_is_wrong(each: Defect) -> None:
    """The sentence is for the header of a run: short, and with a full stop."""
    assert each.what.endswith(".")
    assert len(each.what) <= 110


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """A slip of the pen gets the right name back, and the list."""
    with pytest.raises(UnknownDefectError, match=r"Did you mean lost-update\?.*There are: audit-"):
        defect_named("lost-updates")


def test_an_unknown_name_far_from_any_gets_the_list() -> None:
    """Where nothing is near, nothing is guessed."""
    with pytest.raises(UnknownDefectError) as caught:
        defect_named("xyz")
    assert "Did you mean" not in str(caught.value)
    assert "stale-cache" in str(caught.value)


def test_a_function_becomes_a_defect_of_its_name() -> None:
    """The name has hyphens, the description is the docstring."""

    @misread("system_under_test.storage.schema:SCHEMA", caught_by="some_invariant")
    def no_schema_at_all(_right: str) -> str:
        """There is no schema."""
        return ""

    made = defect_of(no_schema_at_all)
    assert made is not None
    assert (made.name, made.what, made.caught_by) == (
        "no-schema-at-all",
        "There is no schema.",
        "some_invariant",
    )


def test_a_defect_must_say_what_is_wrong() -> None:
    """A wrong function without a docstring is refused where it is marked."""

    def silent() -> None: ...

    with pytest.raises(AssertionError, match="silent does not say"):
        defect("system_under_test.security:correlation_id_of", caught_by="some_invariant")(silent)


def test_two_defects_of_one_name_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """No defect hides another."""
    one: Any = catalogue()["lost-update"]
    monkeypatch.setattr(listing, "_marked", lambda: iter((one, one)))
    with pytest.raises(ValueError, match="two defects are called lost-update"):
        catalogue.__wrapped__()


def test_a_defective_system_says_so() -> None:
    """The defect is in effect for objects that were made before it was applied."""
    error = ServiceError("DUPLICATE_NAME", "service", "create", None, "c1")
    with applied(catalogue()["raw-database-text-leaked"]):
        assert str(error) == "DUPLICATE_NAME: another personality has this name (None)"
    assert str(error) == "DUPLICATE_NAME: another personality has this name"
