"""Small histories made from numbers of a seeded generator: thousands a second, of every sort."""

from collections.abc import Callable, Sequence
from itertools import combinations, permutations
from random import Random
from typing import Any

from model.history import INDETERMINATE, Call, Failed, History, precedes
from model.specification.interface import Specification


def seeded(seed: str) -> Random:
    """A generator that gives the same numbers at every run."""
    return Random(seed)  # noqa: S311 - examples, not secrets


def small_history(
    random: Random,
    specification: Specification[Any],
    operation: Callable[[Random], Any],
    count: int,
    *,
    unanswered: float = 0.25,
    lies: float = 0.15,
    failures: float = 0.05,
) -> tuple[Call, ...]:
    """Calls that took effect in some order, each inside its interval, but for a few lies.

    A lie is an answer of the same type from another run; it may well be a possible answer. Half of the
    unanswered calls took effect.
    """
    moments = sorted(random.sample(range(2 * count + 3), count))
    state = specification.initial
    calls, answers = [], _answers(random, specification, operation)
    for at, moment in enumerate(moments):
        asked = operation(random)
        invoked, returned = moment - random.randrange(6), moment + random.randrange(6)
        if random.random() < failures:
            calls.append(Call(f"p{at}", asked, invoked, returned, Failed("NO")))
            continue
        if random.random() < unanswered:
            calls.append(Call(f"p{at}", asked, invoked, None, INDETERMINATE))
            if random.random() < 0.5:
                state, _ = specification.apply(state, asked)
            continue
        state, answer = specification.apply(state, asked)
        if random.random() < lies:
            similar = [each for each in answers if type(each) is type(answer)]
            answer = random.choice(similar or [answer])
        calls.append(Call(f"p{at}", asked, invoked, returned, answer))
    random.shuffle(calls)
    return tuple(calls)


def _answers(
    random: Random, specification: Specification[Any], operation: Callable[[Random], Any]
) -> list[object]:
    """What some other run answered."""
    state, answers = specification.initial, []
    for _ in range(8):
        state, answer = specification.apply(state, operation(random))
        answers.append(answer)
    return answers


def explained_by(
    history: History,
    specification: Specification[Any],
    agree: Callable[[object, object], bool] = lambda answer, wanted: answer == wanted,
) -> bool:
    """Some order of the answered calls and of some of the others explains every answer; tries them all."""
    asked = [index for index, call in enumerate(history) if not isinstance(call.result, Failed)]
    answered = [index for index in asked if history[index].answered]
    open_ended = [index for index in asked if not history[index].answered]
    return any(
        _explains(history, order, specification, agree)
        for count in range(len(open_ended) + 1)
        for happened in combinations(open_ended, count)
        for order in permutations((*answered, *happened))
    )


def _explains(
    history: History,
    order: Sequence[int],
    specification: Specification[Any],
    agree: Callable[[object, object], bool],
) -> bool:
    state = specification.initial
    for place, index in enumerate(order):
        call = history[index]
        if any(precedes(history[later], call) for later in order[place + 1 :]):
            return False
        state, answer = specification.apply(state, call.operation)
        if call.answered and not agree(answer, call.result):
            return False
    return True
