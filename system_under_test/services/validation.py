"""The validation service: judges sets of fields; it stores nothing and changes nothing."""

from collections.abc import Sequence

from attrs import frozen

from system_under_test.security import Context, Guard
from system_under_test.services.fields import Values
from system_under_test.services.rules import Verdict, entity_errors, in_order, role_errors, warnings

SERVICE = "ValidationService"


@frozen
class ValidationService:
    """Judges personalities.

    Its methods are coroutines although they never suspend: callers await them as they will await the
    same service behind a network.
    """

    _guard: Guard

    async def validate_entity(
        self, context: Context | None, fields: Values, role: str | None = None
    ) -> Verdict:
        """The verdict on all that a client may set of one personality, and on its fitness for `role`."""
        self._authorise(context, "validate_entity")
        return self._judge(fields, role)

    async def validate_batch(
        self, context: Context | None, batch: Sequence[Values], role: str | None = None
    ) -> tuple[Verdict, ...]:
        """One verdict for each, in order."""
        self._authorise(context, "validate_batch")
        return tuple(self._judge(fields, role) for fields in batch)

    def _authorise(self, context: Context | None, operation: str) -> None:
        self._guard.require(context, SERVICE, operation, None)

    def _judge(self, fields: Values, role: str | None) -> Verdict:
        errors = entity_errors(fields)
        if not errors and role is not None:
            errors = role_errors(fields, role)
        return Verdict(in_order(errors), () if errors else warnings(fields))
