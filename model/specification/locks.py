"""Locks as one client alone would see them: a mutex with an owner, and a lease with a fencing token."""

from collections.abc import Hashable, Iterable

from attrs import define, field, frozen

from model.specification.cells import Cells
from model.specification.interface import Keys


@frozen(cache_hash=True)
class Acquire:
    """Let the owner have the lock."""

    key: Hashable
    owner: Hashable


@frozen(cache_hash=True)
class Release:
    """Give the lock back; `token` is that of the lease, None for a mutex."""

    key: Hashable
    owner: Hashable
    token: int | None = None


@frozen(cache_hash=True)
class Guarded:
    """Do something under a lease: whoever guards the resource accepts it or refuses the token."""

    key: Hashable
    token: int


@frozen
class Lease:
    """The last lease given out, and whether it was given back."""

    token: int = 0
    is_held: bool = False


class _Keyed:
    def keys(self, operation: Acquire | Release | Guarded) -> Keys | None:
        """The one lock."""
        return frozenset((operation.key,))

    def links(self, _state: Cells) -> Iterable[Keys]:
        """Locks have nothing to do with each other."""
        return ()


@define
class MutexSpecification(_Keyed):
    """Mutexes: an acquire answers whether the lock was free, a release whether it was the owner's.

    The owner cannot have it twice. Give each client a name of its own.
    """

    initial: Cells = field(factory=Cells)

    def apply(self, state: Cells, operation: Acquire | Release) -> tuple[Cells, object]:
        """The locks after the operation, and its answer."""
        owner = state.get(operation.key)
        if isinstance(operation, Acquire):
            return (state.with_(operation.key, operation.owner), True) if owner is None else (state, False)
        return (state.with_(operation.key, None), True) if owner == operation.owner else (state, False)

    def is_observer(self, _operation: Acquire | Release) -> bool:
        """None is."""
        return False

    def changes_nothing(self, _operation: Acquire | Release, answer: object) -> bool:
        """Whatever was refused."""
        return answer is False


@define
class LeaseSpecification(_Keyed):
    """Leases: an acquire answers a new token, a release and a guarded action whether the token is current.

    A lease may expire at any time, which no client does, so an acquire while one is held is not wrong here;
    that two are not *in force* at a time is for the lock judge, which knows the times. What is wrong here: a
    token given twice or out of order, a release or an action accepted with a token that is not the last.
    """

    initial: Cells = field(factory=Cells)

    def apply(self, state: Cells, operation: Acquire | Release | Guarded) -> tuple[Cells, object]:
        """The leases after the operation, and its answer."""
        lease = state.get(operation.key, Lease())
        assert isinstance(lease, Lease), "cells hold what is put in below"
        if isinstance(operation, Acquire):
            return state.with_(operation.key, Lease(lease.token + 1, is_held=True)), lease.token + 1
        if not lease.is_held or operation.token != lease.token:
            return state, False
        if isinstance(operation, Guarded):
            return state, True
        return state.with_(operation.key, Lease(lease.token)), True

    def is_observer(self, operation: Acquire | Release | Guarded) -> bool:
        """Guarded actions: what they do is not the lock's business."""
        return isinstance(operation, Guarded)

    def changes_nothing(self, _operation: Acquire | Release | Guarded, answer: object) -> bool:
        """Whatever was refused."""
        return answer is False
