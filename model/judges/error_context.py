"""Judges errors as clients got them: each says what happened to which request, and nothing it should not."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

from attrs import field, frozen

from model.judges.verdict import Verdict, from_complaints

ErrorKind = Literal["validation", "business", "technical"]

KINDS: Final[Mapping[str, ErrorKind]] = {
    "VALIDATION_ERROR": "validation",
    **dict.fromkeys(
        (
            "PERSONALITY_NOT_FOUND",
            "ROLE_NOT_FOUND",
            "AGENT_NOT_FOUND",
            "MODEL_NOT_AVAILABLE",
            "DUPLICATE_NAME",
            "INVALID_REFERENCE",
            "REFERENTIAL_INTEGRITY_VIOLATION",
            "CONCURRENT_MODIFICATION",
            "TEMPLATE_IMMUTABLE",
            "CIRCULAR_DEPENDENCY",
            "ACCESS_DENIED",
            "DOCUMENT_EXISTS",
            "DOCUMENT_NOT_FOUND",
            "SESSION_EXISTS",
            "SESSION_NOT_FOUND",
            "SESSION_ARCHIVED",
        ),
        "business",
    ),
}
"""The kind that a code must have; codes that are not named here are technical."""


@frozen
class ReportedError:
    """An error as a client got it; `causes` are the codes behind it, the root last, `text` all it says."""

    code: str
    kind: ErrorKind
    is_retryable: bool
    service: str
    operation: str
    correlation: str
    entity: str | None = None
    fields: tuple[tuple[str, str], ...] = field(default=(), converter=tuple[tuple[str, str], ...])
    causes: tuple[str, ...] = field(default=(), converter=tuple[str, ...])
    text: str = ""


@frozen
class ErrorContext:
    """What an error has to say of the request that it answers; None where anything will do."""

    operation: str | None = None
    entity: str | None = None
    service: str | None = None
    code: str | None = None
    fields: Collection[tuple[str, str]] | None = None
    causes: Sequence[str] | None = None


def judge_error_context(
    reported: Mapping[str, ReportedError],
    expected: Mapping[str, ErrorContext],
    never_told: Iterable[str] = (),
) -> Verdict:
    """By correlation id: every error that was expected came, none other did, and each is complete.

    Its kind is that of its code; only technical errors are retryable; a validation error names each offending
    field once and others none; `causes` are exactly those expected, in their order; the texts in `never_told`
    (secrets, words of the database) do not occur in it. Exercised: the errors.
    """
    secrets = tuple(never_told)
    complaints = [
        f"{request}: an error was expected, and none came" for request in expected if request not in reported
    ]
    for request, error in reported.items():
        if request not in expected:
            complaints.append(f"{request}: {error.code} came, and no error was expected")
            continue
        found = [*_itself(request, error), *_missing(error, expected[request])]
        found += [
            f"it tells {secret!r}, which is not to be told" for secret in secrets if secret in error.text
        ]
        complaints += [f"{request}: {error.code}: {complaint}" for complaint in found]
    return from_complaints(complaints, len(reported))


def _itself(request: str, error: ReportedError) -> Iterable[str]:
    kind = KINDS.get(error.code, "technical")
    if error.kind != kind:
        yield f"its kind is {error.kind}, that of its code is {kind}"
    if error.is_retryable and kind != "technical":
        yield f"a {kind} error is never to be retried"
    if error.correlation != request:
        yield f"it carries the correlation id {error.correlation}"
    names = [name for name, _ in error.fields]
    if kind == "validation" and not names:
        yield "a validation error names no field"
    if kind != "validation" and names:
        yield f"it names fields: {', '.join(names)}"
    yield from (
        f"it names {name} twice" for name in sorted({each for each in names if names.count(each) > 1})
    )


def _missing(error: ReportedError, context: ErrorContext) -> Iterable[str]:
    for what in ("operation", "entity", "service", "code"):
        wanted, said = getattr(context, what), getattr(error, what)
        if wanted is not None and said != wanted:
            yield f"its {what} is {said!r}, and should be {wanted!r}"
    if context.fields is not None and sorted(error.fields) != sorted(context.fields):
        yield f"it names the fields {sorted(error.fields)}, and should name {sorted(context.fields)}"
    if context.causes is not None and tuple(error.causes) != tuple(context.causes):
        yield f"its causes are {list(error.causes)}, and should be {list(context.causes)}"
