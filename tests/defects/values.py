"""Defects of values: what is stored, judged or told is not what it should be."""

# A wrong version has the signature of the right one, whatever it makes of its parameters.
# ruff: noqa: ARG001, PLR0917

from __future__ import annotations

from attrs import evolve

from system_under_test.errors import FieldError, Request, ServiceError, failure
from system_under_test.security import Context
from system_under_test.services import validation
from system_under_test.services.fields import DEFAULTS, TEXTS, TRAITS, Entity, Values, with_clean_texts
from system_under_test.services.personality import (
    SERVICE,
    UPDATE,
    VALIDATE_ENTITY,
    PersonalityService,
    _change,
)
from system_under_test.services.rules import Verdict, text_problem
from tests.defects.defect import defect


@defect("system_under_test.services.personality:_completed", caught_by="some_order_explains_every_answer")
def trait_zero_treated_as_missing(draft: Values) -> Entity:
    """A trait of 0 in a draft is taken for one that was not given, and becomes 50."""
    traits = {name: draft[name] or 50 for name in TRAITS if name in draft}
    return {**DEFAULTS, **with_clean_texts(draft), **traits}


@defect(
    "system_under_test.services.personality:PersonalityService._update",
    caught_by="what_is_stored_was_validated",
)
async def patch_validated_instead_of_the_whole(
    self: PersonalityService,
    context: Context,
    request: Request,
    personality_id: str,
    expected_version: int,
    changes: Values,
) -> Entity:
    """An update has the changes judged by themselves, not the personality that comes of them."""
    self._check_request(request, expected_version, changes)
    async with self._database.transaction(request) as transaction:
        before = await self._load(context, request, personality_id, transaction)
        self._check_mutable(request, before)
        self._check_version(request, before, expected_version)
        function = self._validation.validate_entity
        verdict = await self._calls.call(context, VALIDATE_ENTITY, with_clean_texts(changes), function)
        errors = tuple(error for error in verdict.field_errors if error.code != "REQUIRED")
        self._require_valid(request, evolve(verdict, field_errors=errors))
        after = self._merge(before, changes)
        change = _change("updated", before, after, after["updatedAt"])
        await self._calls.call(context, UPDATE, change, self._persistence.update, transaction)
        await self._audit.succeeded(transaction, request, "update", " ".join(verdict.warnings))
    return after


@defect(
    "system_under_test.services.personality:PersonalityService._require_valid",
    caught_by="some_order_explains_every_answer",
)
def first_field_error_only(self: PersonalityService, request: Request, verdict: Verdict) -> None:
    """Of several fields that offend, the client is told of the first."""
    if verdict.field_errors:
        errors = verdict.field_errors[:1]
        raise failure("VALIDATION_ERROR", validation.SERVICE, request, field_errors=errors)


@defect(
    "system_under_test.services.personality:PersonalityService._require_valid",
    caught_by="validation_errors_keep_their_context",
)
def error_context_of_the_inner_call(self: PersonalityService, request: Request, verdict: Verdict) -> None:
    """A validation error tells of the call to the validation service, not of what the client asked for."""
    if verdict.field_errors:
        raise ServiceError(
            "VALIDATION_ERROR",
            validation.SERVICE,
            "validate_entity",
            None,
            request.correlation_id,
            field_errors=verdict.field_errors,
        )


@defect(
    "system_under_test.services.personality:PersonalityService._check_version",
    caught_by="only_technical_errors_may_be_retried",
)
def conflict_marked_as_retryable(
    self: PersonalityService, request: Request, entity: Entity, expected_version: int
) -> None:
    """A client whose version is out of date is told to send the same request again."""
    current = entity["version"]
    if current != expected_version:
        details = {"currentVersion": current}
        raise failure("CONCURRENT_MODIFICATION", SERVICE, request, details=details, retryable=True)


@defect("system_under_test.errors:ServiceError.__str__", caught_by="no_database_text_gets_out")
def raw_database_text_leaked(self: ServiceError) -> str:
    """The public message of an error ends with the message of what caused it."""
    return f"{self.code}: {self.message} ({self.__cause__})"


@defect("system_under_test.services.rules:text_errors", caught_by="sensitive_values_stay_in_the_entity")
def error_quotes_the_value(fields: Values) -> list[FieldError]:
    """The message about a text that is refused repeats the text."""
    problems = ((name, text_problem(name, fields)) for name in TEXTS)
    return [
        FieldError(name, problem[0], f"{problem[1]}: {fields.get(name)!r}")
        for name, problem in problems
        if problem
    ]
