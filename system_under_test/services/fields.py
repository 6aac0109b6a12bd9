"""The fields of a personality: names, columns, limits, how text is cleaned and how two states differ."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Entity: TypeAlias = dict[str, Any]
"""A personality as clients see it: one key a field, in the public spelling. Every caller gets its own."""

Values: TypeAlias = Mapping[str, Any]
"""Some fields of a personality: a draft, a set of changes, or all that a client may set."""

BIG_FIVE = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
BEHAVIOURAL = (
    "formality",
    "humor",
    "assertiveness",
    "empathy",
    "storytelling",
    "brevity",
    "imagination",
    "playfulness",
    "dramaticism",
    "analyticalDepth",
    "contrarianism",
    "encouragement",
    "curiosity",
    "patience",
)
TRAITS = (*BIG_FIVE, *BEHAVIOURAL)
TRAIT_MAX = 100

TEXTS: Mapping[str, tuple[int, int]] = {
    "name": (2, 100),
    "description": (0, 500),
    "customInstructions": (0, 2000),
}
"""The least and the greatest length in characters, after cleaning."""

DEFAULTS: Values = {"description": None, "customInstructions": None, "isTemplate": False}
"""What a draft need not say."""

SERVER_MADE = ("id", "createdAt", "updatedAt", "version")
SETTABLE = ("name", *DEFAULTS, *TRAITS)
FIELDS = ("id", *SETTABLE, "createdAt", "updatedAt", "version")

COLUMNS: Mapping[str, str] = {
    name: "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name) for name in FIELDS
}
"""The column that stores each field."""


def cleaned(text: str) -> str:
    """`text` without `<` and `>`, its runs of white space one space each, trimmed."""
    return " ".join(text.replace("<", "").replace(">", "").split())


def with_clean_texts(values: Values) -> Entity:
    """A copy of `values` in which every text is clean; what is not text stays for validation to refuse."""
    copy = dict(values)
    for name in TEXTS:
        if isinstance(text := copy.get(name), str):
            copy[name] = cleaned(text)
    return copy


def settable_part(entity: Values) -> Entity:
    """The fields of `entity` that clients may set: what validation judges."""
    return {name: entity[name] for name in SETTABLE}


def differences(before: Values, after: Values) -> dict[str, list[Any]]:
    """Field by field, `[old, new]` where the two differ; a missing field counts as None."""
    return {
        name: [old, new]
        for name in SETTABLE
        if (old := before.get(name)) != (new := after.get(name)) or type(old) is not type(new)
    }


def entity_from_row(row: Iterable[Any]) -> Entity:
    """The entity that the columns of `FIELDS`, in that order, hold."""
    entity = dict(zip(FIELDS, row, strict=True))
    entity["isTemplate"] = bool(entity["isTemplate"])
    return entity
