"""The sequential specification of the personality service, rule by rule and in order of precedence."""

from typing import Any

import pytest
from attrs import evolve

from model.specification import personality_rules as rules
from model.specification.personality import (
    CONTEXTS,
    Create,
    Delete,
    Done,
    Entities,
    Entity,
    Get,
    GetAll,
    GetMany,
    MalformedEntityError,
    Operation,
    PersonalitySpecification,
    Refused,
    Result,
    State,
    Update,
    entity_from_mapping,
)
from model.specification.values import Record

SERVICE = PersonalitySpecification()


def draft(name: object = "Ada", **more: object) -> dict[str, object]:
    """A valid draft, but for what is given."""
    return {**dict.fromkeys(rules.TRAITS, 50), "name": name, **more}


def after(*operations: Operation) -> tuple[State, Result]:
    """The state after the operations, from an empty service, and the last answer."""
    state, answer = SERVICE.initial, None
    for operation in operations:
        state, answer = SERVICE.apply(state, operation)
    return state, answer


def answer_to(*operations: Operation) -> Result:
    """The last answer."""
    return after(*operations)[1]


def entity_of(*operations: Operation) -> Entity:
    """The last answer, which is a personality."""
    answer = answer_to(*operations)
    assert isinstance(answer, Entity)
    return answer


def changed(**changes: object) -> Result:
    """The answer to an update of Ada at version 1."""
    return answer_to(Create("a", draft()), Update("a", 1, changes))


def invalid(**errors: str) -> Refused:
    """A refusal that names these fields."""
    return Refused("VALIDATION_ERROR", errors)


def without(name: str) -> dict[str, object]:
    """A draft that lacks one field."""
    return {field: value for field, value in draft().items() if field != name}


def test_a_created_personality_has_version_1_and_its_defaults() -> None:
    """Only the three optional fields have defaults; a trait of 0 is 0."""
    created = answer_to(Create("a", draft(openness=0)))
    expected = draft(openness=0, description=None, customInstructions=None, isTemplate=False)
    assert created == Entity("a", 1, expected)


def test_text_is_sanitised_before_it_is_stored() -> None:
    """Angle brackets go, white space collapses, ends are trimmed."""
    created = entity_of(Create("a", draft("  <b>Ada\t\n Lovelace< ", description=" < > ")))
    assert created.name == "bAda Lovelace"
    assert created.fields.get("description") == ""


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"openness": 101}, "RANGE"),
        ({"openness": -1}, "RANGE"),
        ({"openness": True}, "TYPE"),
        ({"openness": None}, "TYPE"),
        ({"openness": "50"}, "TYPE"),
        ({"openness": 50.0}, "TYPE"),
        ({"openness": [50]}, "TYPE"),
        ({"isTemplate": 1}, "TYPE"),
        ({"isTemplate": None}, "TYPE"),
        ({"name": None}, "TYPE"),
        ({"name": 7}, "TYPE"),
        ({"name": "x"}, "LENGTH"),
        ({"name": "x <"}, "LENGTH"),
        ({"name": "x" * 101}, "LENGTH"),
        ({"description": 7}, "TYPE"),
        ({"description": "x" * 501}, "LENGTH"),
        ({"customInstructions": "x" * 2001}, "LENGTH"),
        ({"version": 1}, "FORBIDDEN_FIELD"),
        ({"createdAt": 1}, "FORBIDDEN_FIELD"),
        ({"kindness": 50}, "UNKNOWN_FIELD"),
    ],
)
def test_a_wrong_field_is_refused_with_its_code(given: dict[str, object], code: str) -> None:
    """Each kind of wrong field has its code, and nothing is stored."""
    state, answer = after(Create("a", draft() | given))
    assert answer == Refused("VALIDATION_ERROR", dict.fromkeys(given, code))
    assert state == SERVICE.initial


@pytest.mark.parametrize(
    "given",
    [
        {"openness": 0},
        {"openness": 100},
        {"name": "xy"},
        {"name": "x" * 100},
        {"name": " " * 300 + "xy" + "<" * 300},
        {"description": "x" * 500},
        {"customInstructions": "x" * 2000},
        {"description": None},
    ],
)
def test_the_limits_themselves_are_valid(given: dict[str, object]) -> None:
    """The smallest and the largest values allowed are allowed, lengths being taken after sanitising."""
    assert isinstance(answer_to(Create("a", draft() | given)), Entity)


@pytest.mark.parametrize("name", ["name", *rules.TRAITS])
def test_a_missing_field_gets_no_default(name: str) -> None:
    """The name and each of the nineteen traits are required."""
    assert answer_to(Create("a", without(name))) == Refused("VALIDATION_ERROR", {name: "REQUIRED"})


def test_every_offending_field_is_named_once() -> None:
    """A refusal names all the wrong fields, not only the first."""
    wrong = without("humor") | {"openness": 101, "id": "x", "extra": None}
    expected = invalid(extra="UNKNOWN_FIELD", humor="REQUIRED", id="FORBIDDEN_FIELD", openness="RANGE")
    assert answer_to(Create("a", wrong)) == expected


def test_a_name_is_unique_after_sanitising() -> None:
    """A name that another personality has is refused; another case of letters is another name."""
    assert answer_to(Create("a", draft()), Create("b", draft(" <Ada> "))) == Refused("DUPLICATE_NAME")
    assert isinstance(answer_to(Create("a", draft()), Create("b", draft("ADA"))), Entity)


def test_an_invalid_draft_with_a_taken_name_is_invalid() -> None:
    """Validity is looked at before the name."""
    assert answer_to(Create("a", draft()), Create("b", draft(openness=101))) == invalid(openness="RANGE")


def test_a_deleted_id_never_comes_back() -> None:
    """An id is retired with its personality, while its name is free again."""
    created, deleted = Create("a", draft()), Delete("a")
    assert answer_to(created, deleted, Create("a", draft())) == Refused("ID_REUSED")
    assert isinstance(answer_to(created, deleted, Create("b", draft())), Entity)


def test_an_update_raises_the_version_even_when_nothing_differs() -> None:
    """Every committed update makes the next version."""
    assert changed(openness=50) == Entity("a", 2, dict(_stored()))


def _stored() -> Record:
    return entity_of(Create("a", draft())).fields


def test_an_update_keeps_what_it_does_not_mention() -> None:
    """The merged personality is stored."""
    assert changed(openness=0, name=" Eve ") == Entity(
        "a", 2, dict(_stored()) | {"openness": 0, "name": "Eve"}
    )


@pytest.mark.parametrize(
    ("expected", "code"),
    [("1", "TYPE"), (True, "TYPE"), (None, "TYPE"), (1.0, "TYPE"), (0, "RANGE"), (-1, "RANGE")],
)
def test_the_expected_version_is_a_positive_integer(expected: object, code: str) -> None:
    """A version of another type or below 1 is refused as part of the request's shape."""
    assert answer_to(Update("a", expected, {"openness": 1})) == invalid(expectedVersion=code)


def test_the_shape_of_an_update_is_judged_first_and_whole() -> None:
    """Before the personality is even looked for, every fault of the request itself is named."""
    wrong = Update("nobody", 0, {"createdAt": 1, "extra": 1, "openness": 101})
    assert answer_to(wrong) == invalid(
        createdAt="FORBIDDEN_FIELD", expectedVersion="RANGE", extra="UNKNOWN_FIELD"
    )
    assert answer_to(Update("nobody", 1, {})) == invalid(changes="REQUIRED")


def test_an_unknown_personality_comes_before_its_version_and_values() -> None:
    """An update of what does not exist is not found, be its values ever so wrong."""
    assert answer_to(Update("nobody", 9, {"openness": 101})) == Refused("PERSONALITY_NOT_FOUND")


def test_a_template_comes_before_the_version() -> None:
    """A template cannot be changed or deleted, whatever version is expected."""
    template = Create("a", draft(isTemplate=True))
    assert answer_to(template, Update("a", 9, {"openness": 101})) == Refused("TEMPLATE_IMMUTABLE")
    assert answer_to(template, Delete("a")) == Refused("TEMPLATE_IMMUTABLE")


def test_an_update_can_make_a_template() -> None:
    """From then on it is immutable."""
    made = [Create("a", draft()), Update("a", 1, {"isTemplate": True})]
    assert isinstance(answer_to(*made), Entity)
    assert answer_to(*made, Delete("a")) == Refused("TEMPLATE_IMMUTABLE")


def test_a_stale_version_comes_before_the_values() -> None:
    """A conflict carries the current version, be the values ever so wrong."""
    made = [Create("a", draft()), Update("a", 1, {"openness": 1})]
    conflict = Refused("CONCURRENT_MODIFICATION", {"currentVersion": 2})
    assert answer_to(*made, Update("a", 1, {"openness": 101})) == conflict
    assert answer_to(*made, Update("a", 3, {"openness": 5})) == conflict


def test_values_come_before_the_name() -> None:
    """An update with a wrong value and a taken name is invalid; with the name alone it is a duplicate."""
    made = [Create("a", draft()), Create("b", draft("Bob"))]
    assert answer_to(*made, Update("b", 1, {"name": "Ada", "humor": -1})) == invalid(humor="RANGE")
    assert answer_to(*made, Update("b", 1, {"name": "Ada"})) == Refused("DUPLICATE_NAME")
    assert isinstance(answer_to(*made, Update("b", 1, {"name": "Bob"})), Entity)


def test_a_delete_answers_nothing_and_removes() -> None:
    """Afterwards the personality is not found."""
    made = [Create("a", draft()), Delete("a")]
    assert answer_to(*made) == Done()
    assert answer_to(*made, Get("a")) is None
    assert answer_to(*made, Delete("a")) == Refused("PERSONALITY_NOT_FOUND")


def test_a_batch_read_keeps_the_order_asked_for_and_marks_what_is_missing() -> None:
    """Ids may be asked for more than once."""
    made = [Create("b", draft("Ada")), Create("a", draft("Bob"))]
    ada, bob = entity_of(*made, Get("b")), entity_of(*made, Get("a"))
    assert answer_to(*made, GetMany(["a", "x", "b", "a"])) == Entities((bob, None, ada, bob))


def test_reading_all_is_ordered_by_name() -> None:
    """By name, in the order of code points, and not by id."""
    made = [Create("a", draft("Zoe")), Create("b", draft("Ada")), Create("c", draft("ada"))]
    everything = answer_to(*made, GetAll())
    assert isinstance(everything, Entities)
    assert [entity and entity.id for entity in everything.items] == ["b", "a", "c"]


EVERY_OPERATION: list[Operation] = [
    Create("a", {"nonsense": 1}),
    Update("a", 0, {}),
    Delete("a"),
    Get("a"),
    GetMany(["a"]),
    GetAll(),
]


@pytest.mark.parametrize("context", [context for context in CONTEXTS if context != "valid"])
@pytest.mark.parametrize("operation", EVERY_OPERATION, ids=lambda operation: type(operation).__name__)
def test_access_is_denied_before_anything_else(operation: Operation, context: Any) -> None:
    """Without a valid context even a malformed request is denied, reads included, without effect."""
    denied = evolve(operation, context=context)
    state, answer = after(Create("a", draft()), denied)
    assert answer == Refused("ACCESS_DENIED")
    assert state == after(Create("a", draft()))[0]
    assert SERVICE.is_observer(denied)


def test_an_unknown_context_is_a_mistake_of_the_caller() -> None:
    """A context that the specification does not know is refused when the operation is made."""
    with pytest.raises(ValueError, match="context"):
        Get("a", context="perhaps")  # type: ignore[arg-type] # that it is refused at run time too is the point


@pytest.mark.parametrize(
    "operation",
    [*EVERY_OPERATION, Create("b", draft(description=[1, {"a": None}])), Get("a", context="forged")],
    ids=str,
)
def test_an_operation_prints_as_python(operation: Operation) -> None:
    """What a counterexample prints can be pasted into a test."""
    again = eval(repr(operation))  # noqa: S307 - that it evaluates is the point
    assert again == operation
    assert hash(again) == hash(operation)


def test_operations_that_python_would_mix_up_are_different() -> None:
    """True is not 1 in a draft, in changes or as an expected version."""
    assert Create("a", {"openness": True}) != Create("a", {"openness": 1})
    versions: list[object] = [True, 1, 1.0]
    assert len({Update("a", version, {"humor": 1}) for version in versions}) == 3
    same_id: set[Operation] = {Get("a"), Delete("a")}
    assert len(same_id) == 2
    assert Entity("a", 1, {"isTemplate": False}) != Entity("a", 1, {"isTemplate": 0})


def test_a_refusal_gives_back_the_very_same_state() -> None:
    """Whatever changes nothing does not even make a new state."""
    state, _ = after(Create("a", draft()))
    for operation in [Get("a"), GetAll(), Update("a", 9, {"humor": 1}), Delete("x"), Create("b", {})]:
        assert SERVICE.apply(state, operation)[0] is state


def test_states_reached_by_different_ways_are_equal() -> None:
    """The order in which personalities were created leaves no trace."""
    first, second = Create("a", draft("Ada")), Create("b", draft("Bob"))
    one, other = after(first, second)[0], after(second, first)[0]
    assert one == other
    assert hash(one) == hash(other)


def test_an_entity_prints_short() -> None:
    """In a line of text, defaults are left out and equal traits are counted."""
    created = entity_of(Create("a", draft(humor=5, isTemplate=True)))
    assert str(created) == "a v1 {humor: 5, isTemplate: True, name: 'Ada', 18 others: 50}"
    assert str(Entities((created, None))) == f"[{created}, None]"
    assert str(Entity("a", 1, {"humor": 0})) == "a v1 {humor: 0}"


def test_an_answer_becomes_an_entity_without_its_times() -> None:
    """Times go, every other key stays, known or not."""
    given = {"id": "a", "version": 2, "createdAt": 5, "updatedAt": 6, "name": "Ada", "extra": [1]}
    assert entity_from_mapping(given) == Entity("a", 2, {"name": "Ada", "extra": [1]})


@pytest.mark.parametrize("given", [{}, {"id": "a"}, {"id": "a", "version": True}, {"id": 1, "version": 1}])
def test_an_answer_without_id_or_version_is_malformed(given: dict[str, object]) -> None:
    """What is no personality at all is not compared as one."""
    with pytest.raises(MalformedEntityError):
        entity_from_mapping(given)


def test_what_an_operation_touches_are_the_ids_and_names_it_mentions() -> None:
    """Names as they will be stored; a read of everything touches everything, a denied request nothing."""
    assert SERVICE.keys(Create("a", draft(" <Ada> "))) == frozenset([("id", "a"), ("name", "Ada")])
    assert SERVICE.keys(Update("a", 1, {"humor": 1})) == frozenset([("id", "a")])
    assert SERVICE.keys(Delete("a")) == SERVICE.keys(Get("a")) == frozenset([("id", "a")])
    assert SERVICE.keys(GetMany(["a", "b"])) == frozenset([("id", "a"), ("id", "b")])
    assert SERVICE.keys(GetAll()) is None
    assert SERVICE.keys(GetAll(context="expired")) == frozenset()
    assert [*SERVICE.links(after(Create("a", draft()))[0])] == [frozenset([("id", "a"), ("name", "Ada")])]


def test_a_warning_refuses_nothing() -> None:
    """A personality that deserves every warning is created all the same."""
    extreme = dict.fromkeys(rules.BIG_FIVE, 100)
    assert isinstance(answer_to(Create("a", draft(**extreme))), Entity)
