"""The one error that services answer with: what went wrong, where, for whom, and what led to it.

Nothing that reaches `str(error)` comes from a payload, a statement, a file name or another library:
public messages are constants, one a code, and the particulars stand in typed attributes.
"""

from collections.abc import Mapping
from typing import Any, Literal

from attrs import define, field, frozen

Kind = Literal["validation", "business", "technical"]

Code = Literal[
    "VALIDATION_ERROR",
    "PERSONALITY_NOT_FOUND",
    "DUPLICATE_NAME",
    "CONCURRENT_MODIFICATION",
    "TEMPLATE_IMMUTABLE",
    "ACCESS_DENIED",
    "SERVICE_UNAVAILABLE",
    "POOL_EXHAUSTED",
    "RESOURCE_EXHAUSTED",
    "CORRUPTION_DETECTED",
    "OUTCOME_UNKNOWN",
]

KINDS: Mapping[Code, Kind] = {
    "VALIDATION_ERROR": "validation",
    "PERSONALITY_NOT_FOUND": "business",
    "DUPLICATE_NAME": "business",
    "CONCURRENT_MODIFICATION": "business",
    "TEMPLATE_IMMUTABLE": "business",
    "ACCESS_DENIED": "business",
    "SERVICE_UNAVAILABLE": "technical",
    "POOL_EXHAUSTED": "technical",
    "RESOURCE_EXHAUSTED": "technical",
    "CORRUPTION_DETECTED": "technical",
    "OUTCOME_UNKNOWN": "technical",
}

MESSAGES: Mapping[Code, str] = {
    "VALIDATION_ERROR": "the request is not valid",
    "PERSONALITY_NOT_FOUND": "there is no such personality",
    "DUPLICATE_NAME": "another personality has this name",
    "CONCURRENT_MODIFICATION": "the personality has another version than the one expected",
    "TEMPLATE_IMMUTABLE": "a template cannot be changed or deleted",
    "ACCESS_DENIED": "access is denied",
    "SERVICE_UNAVAILABLE": "the service cannot be reached for now",
    "POOL_EXHAUSTED": "too many requests are being served",
    "RESOURCE_EXHAUSTED": "the service has no room left",
    "CORRUPTION_DETECTED": "stored data is damaged",
    "OUTCOME_UNKNOWN": "it is not known whether the request took effect",
}


@frozen
class FieldError:
    """What is wrong with one field; the message never repeats the value."""

    field: str
    code: str
    message: str


@frozen
class Cause:
    """One failure that led to an error: a service's own code, or one of the database's."""

    service: str
    operation: str
    code: str


@frozen
class Request:
    """A client's operation in progress, as errors and the audit log speak of it."""

    principal: str
    correlation_id: str
    operation: str
    entity: str | None
    """The personality's id or, where it has none yet, its name."""
    started_ms: int


@define(eq=False, slots=False)
class ServiceError(Exception):
    """What a service answers where it cannot answer with a result."""

    code: Code
    service: str
    operation: str
    entity: str | None
    correlation_id: str
    field_errors: tuple[FieldError, ...] = ()
    causes: tuple[Cause, ...] = ()
    """What led to this error: first what failed first, then what failed while cleaning up after it."""
    retryable: bool = False
    details: Mapping[str, Any] = field(factory=dict)

    @property
    def kind(self) -> Kind:
        """Whether the request, the state of the business, or the machinery is the reason."""
        return KINDS[self.code]

    @property
    def message(self) -> str:
        """The text that anyone may read."""
        return MESSAGES[self.code]

    @property
    def chain(self) -> tuple[str, ...]:
        """The codes, from what the client sees to the root causes."""
        return (self.code, *(cause.code for cause in self.causes))

    def add_cause(self, cause: Cause) -> None:
        """Adds a failure met while cleaning up; the primary error stays what it is."""
        self.causes = (*self.causes, cause)

    def as_causes(self) -> tuple[Cause, ...]:
        """This error and its causes, as causes of another."""
        return (Cause(self.service, self.operation, self.code), *self.causes)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def failure(code: Code, service: str, request: Request, **particulars: Any) -> ServiceError:
    """An error of `service` in the course of `request`; `particulars` are attributes of `ServiceError`."""
    return ServiceError(
        code, service, request.operation, request.entity, request.correlation_id, **particulars
    )
