"""Which personalities are valid: fields, limits, sanitising, warnings and the rules of roles."""

from collections.abc import Mapping
from typing import Final

from model.specification.values import Json, Record

BIG_FIVE: Final = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
BEHAVIOURAL: Final = (
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
TRAITS: Final = BIG_FIVE + BEHAVIOURAL
TRAIT_MAX: Final = 100

NAME_MIN: Final = 2
TEXT_MAX: Final = {"name": 100, "description": 500, "customInstructions": 2000}
OPTIONAL: Final[Mapping[str, Json]] = {"description": None, "customInstructions": None, "isTemplate": False}
SERVER_MADE: Final = frozenset({"id", "createdAt", "updatedAt", "version"})
FIELDS: Final = (*TEXT_MAX, "isTemplate", *TRAITS)

# Of each role: trait -> the smallest and the largest value that the role accepts.
ROLES: Final[Mapping[str, Mapping[str, tuple[int, int]]]] = {
    "customer_service": {
        "extraversion": (40, 100),
        "agreeableness": (60, 100),
        "conscientiousness": (50, 100),
        "neuroticism": (0, 70),
    },
    "technical_advisor": {"conscientiousness": (60, 100), "openness": (50, 100), "neuroticism": (0, 75)},
    "creative_collaborator": {"openness": (70, 100), "extraversion": (40, 100), "neuroticism": (0, 80)},
    "project_manager": {
        "conscientiousness": (70, 100),
        "extraversion": (50, 100),
        "agreeableness": (40, 100),
        "neuroticism": (0, 60),
        "openness": (0, 90),
    },
}


class UnknownRoleError(LookupError):
    """No business rules are written for a role of this name."""


def sanitised(text: str) -> str:
    """The text without `<` and `>`, each run of white space one space, none at either end."""
    return " ".join(text.replace("<", "").replace(">", "").split())


def shape_errors(names: Record) -> dict[str, str]:
    """Field -> code for the fields that a client may not name at all: FORBIDDEN_FIELD or UNKNOWN_FIELD."""
    errors = {}
    for name, _ in names:
        if name in SERVER_MADE:
            errors[name] = "FORBIDDEN_FIELD"
        elif name not in FIELDS:
            errors[name] = "UNKNOWN_FIELD"
    return errors


def value_errors(fields: Mapping[str, Json]) -> dict[str, str]:
    """Field -> code for each field of a whole personality that is missing or has a wrong value.

    Codes: REQUIRED, TYPE, RANGE, LENGTH. Keys that are no fields are not looked at.
    """
    errors = {}
    for name in FIELDS:
        code = _value_error(name, fields[name]) if name in fields else _missing_error(name)
        if code is not None:
            errors[name] = code
    return errors


def _missing_error(name: str) -> str | None:
    return None if name in OPTIONAL else "REQUIRED"


def _value_error(name: str, value: Json) -> str | None:
    if name in TEXT_MAX:
        return _text_error(name, value)
    if name == "isTemplate":
        return None if isinstance(value, bool) else "TYPE"
    if isinstance(value, bool) or not isinstance(value, int):
        return "TYPE"
    return None if 0 <= value <= TRAIT_MAX else "RANGE"


def _text_error(name: str, value: Json) -> str | None:
    if value is None and name in OPTIONAL:
        return None
    if not isinstance(value, str):
        return "TYPE"
    shortest = NAME_MIN if name == "name" else 0
    return None if shortest <= len(sanitised(value)) <= TEXT_MAX[name] else "LENGTH"


def normalised(fields: Mapping[str, Json]) -> Record:
    """A valid personality as it is stored: every field present, strings sanitised."""
    whole = {**OPTIONAL, **fields}
    return Record((name, _stored(whole[name])) for name in FIELDS)


def _stored(value: Json) -> Json:
    return sanitised(value) if isinstance(value, str) else value


def warnings(fields: Record) -> tuple[tuple[str, ...], ...]:
    """The combinations of traits that deserve a warning, each as the traits involved; never a refusal."""
    trait = {name: value for name, value in fields if isinstance(value, int)}
    found: list[tuple[str, ...]] = []
    if trait["conscientiousness"] > 80 and trait["neuroticism"] > 85:  # noqa: PLR2004 - the rule's own number
        found.append(("conscientiousness", "neuroticism"))
    if trait["extraversion"] > 85 and trait["agreeableness"] < 20:  # noqa: PLR2004 - the rule's own number
        found.append(("extraversion", "agreeableness"))
    if trait["neuroticism"] > 90 and trait["extraversion"] > 85:  # noqa: PLR2004 - the rule's own number
        found.append(("neuroticism", "extraversion"))
    five = [trait[name] for name in BIG_FIVE]
    if min(five) > 90 or max(five) < 10:  # noqa: PLR2004 - the rule's own number
        found.append(BIG_FIVE)
    return tuple(found)


def role_errors(fields: Record, role: str) -> tuple[str, ...]:
    """The traits, sorted, that make a personality unfit for a role; raises UnknownRoleError."""
    if role not in ROLES:
        raise UnknownRoleError(f"no rules for role {role!r}; rules exist for {', '.join(ROLES)}")
    trait = {name: value for name, value in fields if isinstance(value, int)}
    return tuple(
        sorted(
            name
            for name, (smallest, largest) in ROLES[role].items()
            if not smallest <= trait[name] <= largest
        )
    )
