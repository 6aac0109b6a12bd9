"""A personality service in which something exists already."""

from model.specification.personality import Create, PersonalitySpecification, State
from model.specification.personality_rules import TRAITS

PERSONALITIES = PersonalitySpecification()

DRAFT = dict.fromkeys(TRAITS, 50)


def begun() -> State:
    """A service in which Ada and Bea exist."""
    state = State()
    for new, name in [("a", "Ada"), ("b", "Bea")]:
        state, _ = PERSONALITIES.apply(state, Create(new, DRAFT | {"name": name}))
    return state


BEGUN = begun()
