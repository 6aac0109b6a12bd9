"""What makes a personality valid, remarkable, or unfit for a role."""

from typing import Any

import pytest

from system_under_test.services.fields import (
    COLUMNS,
    FIELDS,
    TRAITS,
    cleaned,
    differences,
    settable_part,
    with_clean_texts,
)
from system_under_test.services.rules import entity_errors, in_order, role_errors, warnings
from tests.system.support import draft


def faults(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Field and code of each error, in order."""
    return [(each.field, each.code) for each in in_order(entity_errors(fields))]


def test_a_bare_draft_is_valid() -> None:
    """A name and nineteen traits are enough."""
    assert len(TRAITS) == 19
    assert faults(draft()) == []


@pytest.mark.parametrize("value", [0, 100])
def test_the_ends_of_the_range_are_in_it(value: int) -> None:
    """0 and 100 are traits like any other."""
    assert faults(draft(openness=value)) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [(-1, "RANGE"), (101, "RANGE"), (True, "TYPE"), ("5", "TYPE"), (None, "TYPE"), (5.0, "TYPE")],
)
def test_a_trait_is_a_whole_number_in_range(value: object, code: str) -> None:
    """Whatever else is given for a trait is refused, and the value is not repeated."""
    (error,) = entity_errors(draft(openness=value))
    assert (error.field, error.code) == ("openness", code)
    assert "101" not in error.message


def test_every_offending_field_is_named_once_in_order() -> None:
    """Missing, unknown, forbidden and wrong fields come together, sorted by field."""
    fields = draft("x", version=3, hue=1, isTemplate=1, description=4)
    del fields["humor"]
    assert faults(fields) == [
        ("description", "TYPE"),
        ("hue", "UNKNOWN_FIELD"),
        ("humor", "REQUIRED"),
        ("isTemplate", "TYPE"),
        ("name", "LENGTH"),
        ("version", "FORBIDDEN_FIELD"),
    ]


def test_a_name_is_required() -> None:
    """A draft without a name, or with None for it, is refused."""
    nameless = draft()
    del nameless["name"]
    assert faults(nameless) == [("name", "REQUIRED")]
    assert faults(nameless | {"name": None}) == [("name", "TYPE")]


def test_lengths_are_those_of_the_cleaned_text() -> None:
    """What cleaning takes away does not count."""
    assert faults(draft("x<" + " " * 200 + ">y")) == []
    assert faults(draft("<x>")) == [("name", "LENGTH")]
    assert faults(draft(description="d" * 501)) == [("description", "LENGTH")]
    assert faults(draft(customInstructions="d" * 2000)) == []


def test_half_a_surrogate_pair_is_not_text() -> None:
    """What no database can store is refused by validation."""
    assert faults(draft("Gr\ud800ce")) == [("name", "TYPE")]


def test_cleaning_twice_is_cleaning_once() -> None:
    """Brackets go, white space of any kind collapses, and then there is nothing left to clean."""
    assert cleaned("\t<a>  >b\u00a0\n c< ") == "a b c"
    assert cleaned(cleaned("\t<a>  >b\u00a0\n c< ")) == "a b c"
    assert with_clean_texts({"name": 5, "humor": "<3"}) == {"name": 5, "humor": "<3"}


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"conscientiousness": 81, "neuroticism": 86}, ("CONSCIENTIOUS_AND_NEUROTIC",)),
        ({"extraversion": 86, "agreeableness": 19}, ("EXTRAVERTED_AND_DISAGREEABLE",)),
        ({"neuroticism": 91, "extraversion": 86}, ("NEUROTIC_AND_EXTRAVERTED",)),
        (dict.fromkeys(TRAITS, 9), ("EXTREME_BIG_FIVE",)),
        (dict.fromkeys(TRAITS, 10), ()),
        ({"conscientiousness": 80, "neuroticism": 86}, ()),
    ],
)
def test_remarkable_combinations_are_remarked_on(traits: dict[str, int], expected: tuple[str, ...]) -> None:
    """Each combination has its code, and its limits are exclusive."""
    assert warnings(draft() | traits) == expected


def test_a_role_asks_for_traits_of_its_own() -> None:
    """Only with a role do its limits apply; one error for each trait that does not suit it."""
    errors = role_errors(draft(neuroticism=71, agreeableness=59), "customer_service")
    assert sorted(each.field for each in errors) == ["agreeableness", "neuroticism"]
    assert [each.code for each in role_errors(draft(), "astronaut")] == ["UNKNOWN_ROLE"]


def test_differences_hold_old_and_new() -> None:
    """A change is told field by field; a missing side is None, and what did not change is left out."""
    assert differences({"humor": 1, "name": "a"}, {"humor": 2, "name": "a"}) == {"humor": [1, 2]}
    assert differences({}, {"humor": 0}) == {"humor": [None, 0]}


def test_columns_are_fields_in_the_spelling_of_the_database() -> None:
    """Camel case becomes snake case, and clients may set all but what the server makes."""
    assert COLUMNS["customInstructions"] == "custom_instructions"
    everything = dict.fromkeys(FIELDS)
    assert set(everything) - set(settable_part(everything)) == {"id", "createdAt", "updatedAt", "version"}
