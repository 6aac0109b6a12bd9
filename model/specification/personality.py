"""The sequential specification of the personality service, written apart from the service itself.

Nothing here is shared with the system under test: two authors read one contract, and where they read it
differently a machine says so. Times are left out of the state, because they are the server's to make and no
answer depends on them; an id is the server's too, so a create carries the id that the caller predicts.

Precedence of refusals is part of the contract. For an update: the request's own shape, then whether the
personality exists, whether it is a template, whether the version is current, whether the *merged* personality
is valid, whether its name is free.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, TypeAlias

from attrs import Factory, define, evolve, field, fields, frozen
from attrs.validators import in_

from model.specification.interface import Keys
from model.specification.personality_rules import (
    FIELDS,
    OPTIONAL,
    TRAITS,
    normalised,
    sanitised,
    shape_errors,
    value_errors,
)
from model.specification.values import Json, Record, freeze, strict

Context = Literal["valid", "missing", "forged", "expired", "no-permission"]
CONTEXTS: Final = ("valid", "missing", "forged", "expired", "no-permission")


class MalformedEntityError(ValueError):
    """What came back as a personality has no usable id or version."""


@frozen(repr=False, cache_hash=True)
class Operation:
    """A client's request; `context` says what security context it comes with."""

    context: Context = field(default="valid", kw_only=True, validator=in_(CONTEXTS))

    def __repr__(self) -> str:
        given = [attribute.name for attribute in fields(type(self)) if attribute.name != "context"]
        arguments = [repr(getattr(self, name)) for name in given]
        if self.context != "valid":
            arguments.append(f"context={self.context!r}")
        return f"{type(self).__name__}({', '.join(arguments)})"


@frozen(repr=False, cache_hash=True)
class Create(Operation):
    """Make a personality from a draft; `id` is the one that the server is going to make."""

    id: str
    draft: Record = field(converter=Record)


@frozen(repr=False, cache_hash=True)
class Update(Operation):
    """Change fields of the personality, if its version is still the one expected."""

    id: str
    expected_version: Json = field(converter=freeze, eq=strict)
    changes: Record = field(converter=Record)


@frozen(repr=False, cache_hash=True)
class Delete(Operation):
    """Remove the personality for good."""

    id: str


@frozen(repr=False, cache_hash=True)
class Get(Operation):
    """Read one personality."""

    id: str


@frozen(repr=False, cache_hash=True)
class GetMany(Operation):
    """Read several personalities in the order asked for."""

    ids: tuple[str, ...] = field(converter=tuple[str, ...])


@frozen(repr=False, cache_hash=True)
class GetAll(Operation):
    """Read every personality, ordered by name."""


def _most_alike(traits: Mapping[str, Json]) -> list[str]:
    """The traits that share the most frequent value, if at least two do."""
    frequent = Counter(strict(value) for value in traits.values()).most_common(1)
    if not frequent or frequent[0][1] == 1:
        return []
    return [name for name, value in traits.items() if strict(value) == frequent[0][0]]


@frozen(cache_hash=True)
class Entity:
    """A personality as a client sees it, without its times."""

    id: str
    version: int
    fields: Record = field(converter=Record)

    @property
    def name(self) -> Json:
        """Its name, unique among all personalities."""
        return self.fields.get("name")

    def __str__(self) -> str:
        """Short enough for a line: `a v2 {humor: 5, name: 'Ada', 18 others: 50}`, defaults left out."""
        default = {name: strict(value) for name, value in OPTIONAL.items()}
        given = {name: value for name, value in self.fields if strict(value) != default.get(name)}
        others = _most_alike({name: value for name, value in given.items() if name in TRAITS})
        shown = [f"{name}: {value!r}" for name, value in given.items() if name not in others]
        if others:
            shown.append(f"{len(others)} others: {given[others[0]]!r}")
        return f"{self.id} v{self.version} {{{', '.join(shown)}}}"


@frozen(cache_hash=True)
class Entities:
    """The answer to a batch read: None stands where an id was not found."""

    items: tuple[Entity | None, ...] = field(converter=tuple[Entity | None, ...])

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


@frozen
class Done:
    """Success with nothing to say."""


@frozen(cache_hash=True)
class Refused:
    """A validation or business error, nothing changed.

    `details`: for VALIDATION_ERROR each offending field with its code, for CONCURRENT_MODIFICATION
    `currentVersion`, else empty. A code may be given as a string enumeration.
    """

    code: str = field(converter=str)
    details: Record = field(default=Record(()), converter=Record)


Result: TypeAlias = Entity | Entities | Done | Refused | None


@frozen(cache_hash=True)
class State:
    """Every personality, by id, and the ids that were deleted, sorted; a deleted id never comes back."""

    entities: tuple[Entity, ...] = ()
    retired: tuple[str, ...] = ()

    def find(self, entity_id: str) -> Entity | None:
        """The personality of that id."""
        return next((entity for entity in self.entities if entity.id == entity_id), None)

    def is_taken(self, name: Json, besides: str) -> bool:
        """Another personality than `besides` has that name."""
        return any(entity.name == name and entity.id != besides for entity in self.entities)

    def having(self, entity: Entity) -> "State":
        """This state with the personality put in, in place of the one of the same id if there is one."""
        at = bisect_left([present.id for present in self.entities], entity.id)
        rest = at + 1 if self.find(entity.id) else at
        return evolve(self, entities=(*self.entities[:at], entity, *self.entities[rest:]))

    def without(self, entity_id: str) -> "State":
        """This state with the personality gone and its id retired."""
        kept = tuple(entity for entity in self.entities if entity.id != entity_id)
        return State(kept, tuple(sorted((*self.retired, entity_id))))


def entity_from_mapping(given: Mapping[str, object]) -> Entity:
    """A personality as the service answers it, as the model compares it: its times are left out.

    Every other key stays, known or not, so that an answer with a field too many is not equal to the model's.
    Raises MalformedEntityError without a string `id` and an integer `version`, and NotJsonError for a value
    that JSON cannot carry.
    """
    entity_id, version = given.get("id"), given.get("version")
    if not isinstance(entity_id, str) or isinstance(version, bool) or not isinstance(version, int):
        raise MalformedEntityError(
            f"an entity needs a string id and an integer version: {entity_id!r}, {version!r}"
        )
    beside = {"id", "version", "createdAt", "updatedAt"}
    return Entity(entity_id, version, {name: value for name, value in given.items() if name not in beside})


def _refused_fields(errors: Mapping[str, str]) -> Refused:
    return Refused("VALIDATION_ERROR", errors)


def _create(state: State, operation: Create) -> tuple[State, Result]:
    if state.find(operation.id) or operation.id in state.retired:
        # No service answers this: it is the caller who broke the promise that ids are new.
        return state, Refused("ID_REUSED")
    draft = dict(operation.draft)
    errors = shape_errors(operation.draft) | value_errors(draft)
    if errors:
        return state, _refused_fields(errors)
    entity = Entity(operation.id, 1, normalised(draft))
    if state.is_taken(entity.name, besides=entity.id):
        return state, Refused("DUPLICATE_NAME")
    return state.having(entity), entity


def _request_errors(operation: Update) -> dict[str, str]:
    errors = shape_errors(operation.changes)
    expected = operation.expected_version
    if isinstance(expected, bool) or not isinstance(expected, int):
        errors["expectedVersion"] = "TYPE"
    elif expected < 1:
        errors["expectedVersion"] = "RANGE"
    if not operation.changes:
        errors["changes"] = "REQUIRED"
    return errors


def _changeable(state: State, entity_id: str) -> Entity | Refused:
    entity = state.find(entity_id)
    if entity is None:
        return Refused("PERSONALITY_NOT_FOUND")
    return Refused("TEMPLATE_IMMUTABLE") if entity.fields.get("isTemplate") else entity


def _update(state: State, operation: Update) -> tuple[State, Result]:
    request_errors = _request_errors(operation)
    if request_errors:
        return state, _refused_fields(request_errors)
    entity = _changeable(state, operation.id)
    if isinstance(entity, Refused):
        return state, entity
    if entity.version != operation.expected_version:
        return state, Refused("CONCURRENT_MODIFICATION", {"currentVersion": entity.version})
    merged = dict(entity.fields) | dict(operation.changes)
    errors = value_errors(merged)
    if errors:
        return state, _refused_fields(errors)
    changed = Entity(entity.id, entity.version + 1, normalised(merged))
    if state.is_taken(changed.name, besides=changed.id):
        return state, Refused("DUPLICATE_NAME")
    return state.having(changed), changed


def _delete(state: State, operation: Delete) -> tuple[State, Result]:
    entity = _changeable(state, operation.id)
    if isinstance(entity, Refused):
        return state, entity
    return state.without(operation.id), Done()


def _get(state: State, operation: Get) -> tuple[State, Result]:
    return state, state.find(operation.id)


def _get_many(state: State, operation: GetMany) -> tuple[State, Result]:
    return state, Entities(state.find(each) for each in operation.ids)


def _by_name(entity: Entity) -> str:
    return str(entity.name)


def _get_all(state: State, _operation: GetAll) -> tuple[State, Result]:
    by_name: list[Entity] = sorted(state.entities, key=_by_name)
    return state, Entities(by_name)


_RULES: Final[Mapping[type[Operation], Callable[..., tuple[State, Result]]]] = {
    Create: _create,
    Update: _update,
    Delete: _delete,
    Get: _get,
    GetMany: _get_many,
    GetAll: _get_all,
}


def _name_keys(given: Record) -> Iterable[tuple[str, str]]:
    name = given.get("name")
    return [("name", sanitised(name))] if isinstance(name, str) else []


@define
class PersonalitySpecification:
    """The personality service as one client alone would see it."""

    initial: State = Factory(State)

    def apply(self, state: State, operation: Operation) -> tuple[State, Result]:
        """The state after the operation and its answer; a refusal gives back the very same state."""
        if operation.context != "valid":
            return state, Refused("ACCESS_DENIED")
        return _RULES[type(operation)](state, operation)

    def keys(self, operation: Operation) -> Keys | None:
        """The ids and names that the operation mentions.

        Whoever touches an id may free or take the names that it has: those given by the history are
        mentioned there together with the id, those that it has already are tied to it by `links`.
        """
        if operation.context != "valid":
            return frozenset()
        match operation:
            case Create(id=touched, draft=given) | Update(id=touched, changes=given):
                return frozenset([("id", touched), *_name_keys(given)])
            case Delete(id=touched) | Get(id=touched):
                return frozenset([("id", touched)])
            case GetMany(ids=ids):
                return frozenset(("id", each) for each in ids)
            case _:
                return None

    def links(self, state: State) -> Iterable[Keys]:
        """Each personality's id with the name that it has."""
        return [frozenset([("id", entity.id), ("name", entity.name)]) for entity in state.entities]

    def is_observer(self, operation: Operation) -> bool:
        """Reads, and whatever is denied before it begins."""
        return isinstance(operation, Get | GetMany | GetAll) or operation.context != "valid"

    def changes_nothing(self, _operation: Operation, answer: object) -> bool:
        """Whatever was refused."""
        return isinstance(answer, Refused)


assert len(FIELDS) == 23, "three texts, a flag and nineteen traits"  # noqa: PLR2004 - spelled out in the message
