"""The linearizability judge agrees with a checker that tries every order, on thousands of histories."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from model.history import Call, Failed, precedes, validate
from model.judges.linearizability import LinearizabilityJudge
from model.specification.personality import (
    Create,
    Delete,
    Get,
    GetAll,
    Update,
)
from tests.model.begun import BEGUN, DRAFT, PERSONALITIES
from tests.model.registers import (
    Registers,
    Sum,
    Touch,
    Unsplit,
    by_brute_force,
    call,
    explains,
    forgetting,
)

REGISTERS = Registers()


def many(examples: int) -> settings:
    """That many generated histories, the same ones at every run."""
    return settings(max_examples=examples, deadline=None, derandomize=True, database=None)


@st.composite
def times(draw: st.DrawFn, count: int) -> list[tuple[int, int | None]]:
    """When each of the calls was invoked and answered; about one in five never was."""
    found: list[tuple[int, int | None]] = []
    for _ in range(count):
        invoked = draw(st.integers(0, 6))
        lasted = draw(st.sampled_from([0, 1, 2, 4, 6, 8, 8, None, 3]))
        found.append((invoked, None if lasted is None else invoked + lasted))
    return found


TOUCHES = st.builds(
    Touch,
    st.sampled_from(["write", "read", "increment"]),
    st.sampled_from(["x", "x", "y"]),
    st.integers(0, 2),
)
TIMES = {count: times(count) for count in range(1, 6)}
ANSWERS = st.sampled_from([None, 0, 1, 2, Failed("SERVICE_TIMEOUT")])


@st.composite
def register_histories(draw: st.DrawFn, operations: st.SearchStrategy[Any] = TOUCHES) -> tuple[Call, ...]:
    """Up to five calls with answers of the right type, right about half of the time."""
    asked = draw(st.lists(operations, min_size=1, max_size=5))
    history = []
    for at, (operation, when) in enumerate(zip(asked, draw(TIMES[len(asked)]), strict=True)):
        is_write = isinstance(operation, Touch) and operation.kind == "write"
        result = None if is_write else draw(ANSWERS.filter(lambda answer: answer is not None))
        history.append(call(f"client {at}", operation, when, result))
    return tuple(history)


@many(2500)
@given(register_histories(TOUCHES | st.just(Sum())))
def test_registers_agree_with_brute_force(history: tuple[Call, ...]) -> None:
    """The judge says holds exactly if some order explains the history, and then shows such an order."""
    verdict = LinearizabilityJudge(REGISTERS).judge(history, ())
    assert verdict.holds == by_brute_force(history, REGISTERS, ())
    if verdict.holds:
        assert explains(history, verdict.linearization, REGISTERS, ())


@many(700)
@given(register_histories())
def test_splitting_changes_no_verdict(history: tuple[Call, ...]) -> None:
    """Judged in parts, a history gets the same verdict, and a merged order that explains all of it."""
    whole = LinearizabilityJudge(REGISTERS, partition_from=99).judge(history, ())
    split = LinearizabilityJudge(REGISTERS, partition_from=0).judge(history, ())
    assert split.outcome == whole.outcome
    if split.holds:
        assert explains(history, split.linearization, REGISTERS, ())


@many(700)
@given(register_histories())
def test_a_witness_is_sound_and_minimal(history: tuple[Call, ...]) -> None:
    """The answers of the witness alone cannot be explained; without any one of them they can."""
    verdict = LinearizabilityJudge(REGISTERS).judge(history, ())
    if not verdict.violated:
        return
    others = {at for at, made in enumerate(history) if made.answered} - set(verdict.witness)
    others = {at for at in others if not isinstance(history[at].result, Failed)}
    assert verdict.minimal
    assert not by_brute_force(forgetting(history, others), REGISTERS, ())
    for needed in verdict.witness:
        assert by_brute_force(forgetting(history, others | {needed}), REGISTERS, ())


NAMES = st.sampled_from(["Ada", "Bob"])
IDS = st.sampled_from(["a", "b", "c"])
REQUESTS = st.one_of(
    st.builds(lambda made, name: Create(made, DRAFT | {"name": name}), st.sampled_from(["c", "d"]), NAMES),
    st.builds(lambda old, name: Update(old, 1, {"name": name}), IDS, NAMES),
    st.builds(lambda old, humor: Update(old, 1, {"humor": humor}), IDS, st.integers(100, 101)),
    st.builds(Delete, IDS),
    st.builds(Get, IDS),
)


@st.composite
def personality_histories(draw: st.DrawFn, requests: st.SearchStrategy[Any] = REQUESTS) -> tuple[Call, ...]:
    """Up to four calls answered in the order drawn, of which one answer may come from another order."""
    asked = draw(st.lists(requests, min_size=1, max_size=4))
    whens = draw(TIMES[len(asked)])
    history = []
    state, other = BEGUN, BEGUN
    lies = draw(st.integers(-1, 3))
    for operation in reversed(asked):
        other, _ = PERSONALITIES.apply(other, operation)
    for at, (operation, when) in enumerate(zip(asked, whens, strict=True)):
        state, answer = PERSONALITIES.apply(state, operation)
        if at == lies:
            _, answer = PERSONALITIES.apply(other, operation)
        history.append(call(f"client {at}", operation, when, answer))
    return tuple(history)


@many(700)
@given(personality_histories(REQUESTS | st.just(GetAll())))
def test_personalities_agree_with_brute_force(history: tuple[Call, ...]) -> None:
    """The same agreement on the specification that machines use."""
    verdict = LinearizabilityJudge(PERSONALITIES).judge(history, BEGUN)
    assert verdict.holds == by_brute_force(history, PERSONALITIES, BEGUN)


@many(500)
@given(personality_histories())
def test_the_keys_of_personalities_are_sound(history: tuple[Call, ...]) -> None:
    """Judged by what each call touches, a history gets the verdict that it gets as a whole."""
    whole = LinearizabilityJudge(Unsplit()).judge(history, BEGUN)
    split = LinearizabilityJudge(PERSONALITIES, partition_from=0).judge(history, BEGUN)
    assert split.outcome == whole.outcome


def test_generated_histories_are_of_every_sort() -> None:
    """The comparison with brute force met what it is about: the generators make each sort of history."""
    met: set[str] = set()

    @many(300)
    @given(register_histories())
    def look(history: tuple[Call, ...]) -> None:
        validate(history)
        verdict = LinearizabilityJudge(REGISTERS).judge(history, ())
        met.add(verdict.outcome)
        met.update("indeterminate" for made in history if not made.answered)
        met.update("failed" for made in history if isinstance(made.result, Failed))
        pairs = [(one, other) for one in history for other in history if one is not other]
        met.update("sequential" if precedes(*pair) else "concurrent" for pair in pairs)
        happened = {at for at in verdict.linearization if not history[at].answered}
        met.update("happened without answer" for _ in happened)

    look()
    assert met >= {"holds", "violated", "indeterminate", "failed", "sequential", "concurrent"}
    assert "happened without answer" in met
