"""JSON values are hashable, strictly compared and printed as Python."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.specification.values import NotJsonError, Record, freeze, plain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(max_size=3), JSON, max_size=4)
FEW = settings(max_examples=200, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize("other", [True, 1.0, "1", (1,), None])
def test_only_one_is_one(other: object) -> None:
    """True, 1.0 and 1 are three different values, at the top and inside lists and objects."""
    assert Record({"a": other}) != Record({"a": 1})
    assert Record({"a": [[other]]}) != Record({"a": [[1]]})
    assert Record({"a": {"b": other}}) != Record({"a": {"b": 1}})
    assert len({Record({"a": other}), Record({"a": 1})}) == 2


@FEW
@given(OBJECTS)
def test_repr_is_python_for_the_same_record(fields: dict[str, object]) -> None:
    """What is printed can be pasted, and gives an equal record with an equal hash."""
    record = Record(fields)
    again = Record(eval(repr(record), {"Record": Record}))  # noqa: S307 - that it evaluates is the point
    assert again == record
    assert hash(again) == hash(record)


@FEW
@given(OBJECTS)
def test_plain_values_come_back(fields: dict[str, object]) -> None:
    """A record gives back the values it was made from, in fresh containers."""
    assert json.dumps(Record(fields).as_dict(), sort_keys=True) == json.dumps(fields, sort_keys=True)
    assert plain(freeze([fields])) == [fields]


def test_order_of_names_does_not_matter() -> None:
    """Two records of the same pairs are equal."""
    assert Record({"a": 1, "b": 2}) == Record([("b", 2), ("a", 1)])


def test_a_name_given_twice_stays_twice() -> None:
    """An answer that names a field twice is not one that names it once."""
    twice = Record([("a", "TYPE"), ("a", "RANGE")])
    assert twice != Record({"a": "TYPE"})
    assert repr(twice) == "(('a', 'RANGE'), ('a', 'TYPE'))"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1}, {1: 2}])
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    """NaN, infinities, sets, strange objects and keys that are no strings are refused."""
    with pytest.raises(NotJsonError):
        freeze(value)


def test_a_record_does_not_follow_its_source() -> None:
    """Changing the mapping or the lists that a record was made from leaves the record alone."""
    source: dict[str, list[int]] = {"a": [1]}
    record = Record(source)
    source["a"].append(2)
    assert record.get("a") == (1,)
    assert "a" in record
    assert record.get("b") is None
