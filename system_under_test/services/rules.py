"""What makes a personality valid, remarkable, or unfit for a role: pure functions and tables."""

from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen

from system_under_test.errors import FieldError
from system_under_test.services.fields import (
    BIG_FIVE,
    DEFAULTS,
    SERVER_MADE,
    SETTABLE,
    TEXTS,
    TRAIT_MAX,
    TRAITS,
    Values,
    cleaned,
)

Role = Literal["customer_service", "technical_advisor", "creative_collaborator", "project_manager"]

ROLE_LIMITS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "customer_service": {
        "extraversion": (40, TRAIT_MAX),
        "agreeableness": (60, TRAIT_MAX),
        "conscientiousness": (50, TRAIT_MAX),
        "neuroticism": (0, 70),
    },
    "technical_advisor": {
        "conscientiousness": (60, TRAIT_MAX),
        "openness": (50, TRAIT_MAX),
        "neuroticism": (0, 75),
    },
    "creative_collaborator": {
        "openness": (70, TRAIT_MAX),
        "extraversion": (40, TRAIT_MAX),
        "neuroticism": (0, 80),
    },
    "project_manager": {
        "conscientiousness": (70, TRAIT_MAX),
        "extraversion": (50, TRAIT_MAX),
        "agreeableness": (40, TRAIT_MAX),
        "neuroticism": (0, 60),
        "openness": (0, 90),
    },
}
"""The least and the greatest value of each trait that a role asks for."""

_SETTABLE = frozenset(SETTABLE)
_EXTREME_HIGH = 90
_EXTREME_LOW = 10


@frozen
class Verdict:
    """What validation thinks of one set of fields."""

    field_errors: tuple[FieldError, ...]
    """One for each offending field, in order of field."""
    warnings: tuple[str, ...]
    """Codes of remarkable combinations; they refuse nothing."""

    @property
    def outcome(self) -> str:
        """`ok` or the code of the error that the verdict calls for."""
        return "VALIDATION_ERROR" if self.field_errors else "ok"


def in_order(errors: list[FieldError]) -> tuple[FieldError, ...]:
    """The errors in order of field."""
    return tuple(sorted(errors, key=lambda error: error.field))


def request_errors(expected_version: object, changes: Values) -> tuple[FieldError, ...]:
    """What is wrong with the shape of an update, whatever the personality it is for."""
    errors = unsettable_errors(changes)
    if type(expected_version) is not int:
        errors.append(FieldError("expectedVersion", "TYPE", "must be an integer"))
    elif expected_version < 1:
        errors.append(FieldError("expectedVersion", "RANGE", "must be at least 1"))
    if not changes:
        errors.append(FieldError("changes", "REQUIRED", "must name at least one field"))
    return in_order(errors)


def entity_errors(fields: Values) -> list[FieldError]:
    """What is wrong with all that a client may set of one personality."""
    return [*unsettable_errors(fields), *trait_errors(fields), *text_errors(fields), *flag_errors(fields)]


def unsettable_errors(fields: Values) -> list[FieldError]:
    """The fields that the server makes, and those that do not exist."""
    if _SETTABLE.issuperset(fields):
        return []
    return [
        FieldError(str(name), "FORBIDDEN_FIELD", "is made by the server")
        if name in SERVER_MADE
        else FieldError(str(name), "UNKNOWN_FIELD", "is not a field of a personality")
        for name in fields
        if name not in _SETTABLE
    ]


def trait_errors(fields: Values) -> list[FieldError]:
    """The traits that are missing or not whole numbers in range."""
    return [
        FieldError(name, *_trait_problem(name, fields))
        for name in TRAITS
        if type(value := fields.get(name)) is not int or not 0 <= value <= TRAIT_MAX
    ]


def _trait_problem(name: str, fields: Values) -> tuple[str, str]:
    if name not in fields:
        return "REQUIRED", "is missing"
    if type(fields[name]) is not int:
        return "TYPE", "must be an integer"
    return "RANGE", f"must be between 0 and {TRAIT_MAX}"


def text_errors(fields: Values) -> list[FieldError]:
    """The texts that are missing, not text, or too short or too long once clean."""
    problems = ((name, text_problem(name, fields)) for name in TEXTS)
    return [FieldError(name, *problem) for name, problem in problems if problem]


def text_problem(name: str, fields: Values) -> tuple[str, str] | None:
    """Code and message for one text, or None where it is as it should be."""
    value = fields.get(name, DEFAULTS.get(name))
    if value is None and name in DEFAULTS:
        return None
    if name not in fields:
        return "REQUIRED", "is missing"
    if not isinstance(value, str) or not _is_unicode(value):
        return "TYPE", "must be text"
    least, most = TEXTS[name]
    if not least <= len(cleaned(value)) <= most:
        return "LENGTH", f"must have {least} to {most} characters"
    return None


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold `text`: half a surrogate pair is no character and no database stores it."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def flag_errors(fields: Values) -> list[FieldError]:
    """Whether the template flag is one."""
    if type(fields.get("isTemplate", False)) is bool:
        return []
    return [FieldError("isTemplate", "TYPE", "must be true or false")]


def role_errors(fields: Values, role: str) -> list[FieldError]:
    """The traits that do not suit `role`."""
    limits = ROLE_LIMITS.get(role)
    if limits is None:
        return [FieldError("role", "UNKNOWN_ROLE", "is not a role with rules")]
    return [
        FieldError(name, "BUSINESS_RULE", f"must be between {least} and {most} for this role")
        for name, (least, most) in limits.items()
        if not least <= fields[name] <= most
    ]


def warnings(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Codes of the combinations of Big Five traits that deserve a second look; `fields` are valid."""
    openness, conscientiousness, extraversion, agreeableness, neuroticism = (
        fields[name] for name in BIG_FIVE
    )
    big_five = (openness, conscientiousness, extraversion, agreeableness, neuroticism)
    remarks = (
        ("CONSCIENTIOUS_AND_NEUROTIC", conscientiousness > 80 and neuroticism > 85),  # noqa: PLR2004 - the domain's
        ("EXTRAVERTED_AND_DISAGREEABLE", extraversion > 85 and agreeableness < 20),  # noqa: PLR2004 - the domain's
        ("NEUROTIC_AND_EXTRAVERTED", neuroticism > 90 and extraversion > 85),  # noqa: PLR2004 - the domain's
        ("EXTREME_BIG_FIVE", min(big_five) > _EXTREME_HIGH or max(big_five) < _EXTREME_LOW),
    )
    return tuple(code for code, applies in remarks if applies)
