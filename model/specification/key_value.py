"""A key-value store of texts with put, get and append, as one client alone would see it."""

from collections.abc import Hashable, Iterable

from attrs import define, field, frozen

from model.specification.cells import Cells
from model.specification.interface import Keys


@frozen(cache_hash=True)
class Get:
    """The text under a key, empty where nothing was put."""

    key: Hashable


@frozen(cache_hash=True)
class Put:
    """This text, whatever was there."""

    key: Hashable
    text: str


@frozen(cache_hash=True)
class Append:
    """This text after what is there."""

    key: Hashable
    text: str


Operation = Get | Put | Append


@define
class KeyValueSpecification:
    """The store; puts and appends answer None."""

    initial: Cells = field(factory=Cells)

    def apply(self, state: Cells, operation: Operation) -> tuple[Cells, object]:
        """The store after the operation, and its answer."""
        held = state.get(operation.key, "")
        match operation:
            case Get():
                return state, held
            case Put(text=text):
                after = text
            case Append(text=text):
                after = f"{held}{text}"
        return (state if after == held else state.with_(operation.key, after)), None

    def keys(self, operation: Operation) -> Keys | None:
        """The one key."""
        return frozenset((operation.key,))

    def links(self, _state: Cells) -> Iterable[Keys]:
        """Keys have nothing to do with each other."""
        return ()

    def is_observer(self, operation: Operation) -> bool:
        """Gets."""
        return isinstance(operation, Get)

    def resets(self, operation: Operation) -> bool:
        """Puts."""
        return isinstance(operation, Put)

    def leads_to(self, state: Cells, operation: Operation, answer: object) -> bool:
        """Appending only makes a text longer, so what is there has to be how the answer begins."""
        return isinstance(answer, str) and answer.startswith(str(state.get(operation.key, "")))
