"""Who asks, and whether they may: signed contexts, grants, and the check that every callee makes itself.

A context travels with each call and is judged anew at each callee: that it was issued here (a keyed
digest over all of its fields), that it has not expired, and that its principal holds *now* the
permission that the operation needs. Nothing is remembered between two checks, so a revocation takes
effect at the next call even in the middle of an operation, and no callee relies on its caller.
Permissions carried inside the context were rejected for that reason: they would outlive a revocation.
"""

import hmac
from collections.abc import Mapping
from hashlib import blake2b

from attrs import define, field, frozen

from system_under_test.errors import ServiceError
from system_under_test.ports import Clock

READ = "personality.read"
WRITE = "personality.write"

REQUIRED: Mapping[tuple[str, str], str] = {
    ("PersonalityService", "create"): WRITE,
    ("PersonalityService", "get"): READ,
    ("PersonalityService", "get_many"): READ,
    ("PersonalityService", "get_all"): READ,
    ("PersonalityService", "update"): WRITE,
    ("PersonalityService", "delete"): WRITE,
    ("PersonalityService", "validate_reference"): READ,
    ("PersonalityService", "batch_validate"): WRITE,
    ("ValidationService", "validate_entity"): WRITE,
    ("ValidationService", "validate_batch"): WRITE,
    ("PersistenceService", "save"): WRITE,
    ("PersistenceService", "find_by_id"): READ,
    ("PersistenceService", "find_for_change"): WRITE,
    ("PersistenceService", "find_many"): READ,
    ("PersistenceService", "find_all"): READ,
    ("PersistenceService", "update"): WRITE,
    ("PersistenceService", "delete"): WRITE,
    ("PersistenceService", "exists"): READ,
    ("PersistenceService", "count"): READ,
}
"""The permission that each operation of each service needs."""

UNVERIFIED = "unverified"
"""Stands for the principal where nobody vouches for the one claimed."""

_SIGNATURE_BYTES = 16


@frozen
class Context:
    """Who makes a request, under which correlation id, until when; worth what its signature is worth."""

    principal: str
    correlation_id: str
    expires_at_ms: int
    signature: str


def _signed_bytes(principal: str, correlation_id: str, expires_at_ms: int) -> bytes:
    """The fields with their lengths, so that no two contexts give the same bytes."""
    text = f"{len(principal)}:{principal}{len(correlation_id)}:{correlation_id}{expires_at_ms}"
    return text.encode("utf-8", "surrogatepass")


def correlation_id_of(context: object) -> str:
    """The correlation id that `context` claims, whoever it is from; empty where it claims none."""
    claimed = context.correlation_id if isinstance(context, Context) else ""
    return claimed if type(claimed) is str else ""


@frozen
class Authority:
    """Issues contexts and recognises its own; the key (1 to 64 bytes) never leaves it."""

    _key: bytes = field(repr=False)

    def issue(self, principal: str, correlation_id: str, expires_at_ms: int) -> Context:
        """A context that `recognises` accepts."""
        signature = self._sign(principal, correlation_id, expires_at_ms)
        return Context(principal, correlation_id, expires_at_ms, signature)

    def recognises(self, context: object) -> bool:
        """Whether this authority issued `context`, whatever it is, as it stands."""
        if not isinstance(context, Context) or not _well_typed(context):
            return False
        expected = self._sign(context.principal, context.correlation_id, context.expires_at_ms)
        return hmac.compare_digest(expected.encode(), context.signature.encode("utf-8", "surrogatepass"))

    def _sign(self, principal: str, correlation_id: str, expires_at_ms: int) -> str:
        signed = _signed_bytes(principal, correlation_id, expires_at_ms)
        return blake2b(signed, key=self._key, digest_size=_SIGNATURE_BYTES).hexdigest()


def _well_typed(context: Context) -> bool:
    """Whether the fields have the declared types, which a forger need not respect."""
    return (
        type(context.principal) is str
        and type(context.correlation_id) is str
        and type(context.expires_at_ms) is int
        and type(context.signature) is str
    )


@define(eq=False)
class AccessControl:
    """Which principal holds which permissions, now."""

    _grants: dict[str, set[str]] = field(factory=dict)

    def grant(self, principal: str, *permissions: str) -> None:
        """Gives `principal` these permissions on top of those held."""
        self._grants.setdefault(principal, set()).update(permissions)

    def revoke(self, principal: str, *permissions: str) -> None:
        """Takes these permissions from `principal`; from the next check on they are gone."""
        self._grants.get(principal, set()).difference_update(permissions)

    def allows(self, principal: str, permission: str) -> bool:
        """Whether `principal` holds `permission` at this moment."""
        return permission in self._grants.get(principal, ())


@frozen
class Guard:
    """The check that stands at the door of every service."""

    authority: Authority
    access: AccessControl
    clock: Clock

    def require(self, context: Context | None, service: str, operation: str, entity: str | None) -> None:
        """Raises ACCESS_DENIED in the name of `service` unless `context` entitles to `operation`."""
        if not self.entitles(context, service, operation):
            raise ServiceError("ACCESS_DENIED", service, operation, entity, correlation_id_of(context))

    def entitles(self, context: Context | None, service: str, operation: str) -> bool:
        """Whether `context` is genuine, alive, and its principal holds now what the operation needs."""
        return (
            context is not None
            and self.authority.recognises(context)
            and self.clock.now_ms() < context.expires_at_ms
            and self.access.allows(context.principal, REQUIRED[service, operation])
        )

    def principal_of(self, context: Context | None) -> str:
        """The principal of a genuine context, expired or not; otherwise `UNVERIFIED`."""
        if context is not None and self.authority.recognises(context):
            return context.principal
        return UNVERIFIED
