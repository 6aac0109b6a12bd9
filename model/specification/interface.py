"""What a sequential specification has to offer, so that one judge serves every service."""

from collections.abc import Hashable, Iterable
from typing import Any, Protocol, TypeVar, runtime_checkable

State = TypeVar("State", bound=Hashable)

Keys = frozenset[Hashable]


class Specification(Protocol[State]):
    """A service as one client alone would see it: a pure function of (state, operation).

    States and operations are immutable and hashable. Equal states have equal futures, and equal operations
    behave alike: judges remember answers by equality, so a specification whose operations carry JSON must
    tell True from 1 (`model.specification.values`).
    """

    @property
    def initial(self) -> State:
        """The state of a service that has just been installed."""
        ...

    def apply(self, state: State, operation: Any) -> tuple[State, object]:
        """The state after the operation and its answer; total.

        Where nothing changed, the state returned is the very one given.
        """
        ...

    def keys(self, operation: Any) -> Keys | None:
        """The parts of the state that the operation may read or write; None means all of it.

        A superset is always sound. Parts that belong together only by virtue of the state (a name that an
        entity already has) are joined by `links`.
        """
        ...

    def links(self, state: State) -> Iterable[Keys]:
        """Sets of keys that this state ties together: who touches one of a set may touch the others."""
        ...

    def is_observer(self, operation: Any) -> bool:
        """The operation leaves every state as it is, whatever it answers."""
        ...


@runtime_checkable
class RevealingAnswers(Protocol):
    """What a specification may offer beyond that: answers that tell that nothing was changed."""

    def changes_nothing(self, operation: Any, answer: object) -> bool:
        """In whatever state the operation answers so, it leaves the state as it is; False if unsure.

        A compare-and-set that failed, a refused update. Such a call need not be tried in two places.
        """
        ...


@runtime_checkable
class Foresight(Protocol):
    """What a specification may offer beyond that: whether an answer can still be given.

    Both methods are asked about operations that touch the same keys only.
    """

    def resets(self, operation: Any) -> bool:
        """After this operation the state is the same whatever it was before; False if unsure."""
        ...

    def leads_to(self, state: Any, operation: Any, answer: object) -> bool:
        """Some operations, none of which resets, may lead to where the operation is answered so.

        True if unsure; the operation is an observer.
        """
        ...
