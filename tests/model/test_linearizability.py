"""The linearizability judge, case by case, and how it explains what it finds."""

from typing import Any

import pytest
from attrs import evolve

from model.history import Call, Failed, IllFormedError
from model.judges.linearizability import LinearizabilityJudge, UnsoundPartitionError
from model.judges.witness import contrast
from model.specification import key_value
from model.specification.interface import Keys
from model.specification.personality import (
    Entities,
    Entity,
    Get,
    Refused,
    Update,
)
from model.specification.registers import CompareAndSet, Read, RegisterSpecification, Write
from tests.model.begun import BEGUN, PERSONALITIES
from tests.model.registers import (
    Registers,
    Sum,
    Touch,
    call,
)

REGISTERS = Registers()


def write(value: int, register: str = "x") -> Touch:
    """A write."""
    return Touch("write", register, value)


READ, INCREMENT = Touch("read", "x"), Touch("increment", "x")


def judged(*history: Call, judge: LinearizabilityJudge | None = None) -> Any:
    """The verdict on a history of registers."""
    return (judge or LinearizabilityJudge(REGISTERS)).judge(history, ())


def test_a_stale_read_is_violated() -> None:
    """A read that begins after a write was answered sees it."""
    verdict = judged(call("a", write(1), (1, 2)), call("b", READ, (3, 4), 0))
    assert verdict.violated
    assert verdict.witness == (1,)


def test_a_concurrent_read_may_be_stale() -> None:
    """A read that overlaps the write may come before it."""
    assert judged(call("a", write(1), (1, 4)), call("b", READ, (3, 5), 0)).linearization == (1, 0)


def test_an_indeterminate_write_may_have_happened() -> None:
    """A read may see the effect of a call that never got its answer."""
    verdict = judged(call("a", write(1), (1, None)), call("b", READ, (3, 4), 1))
    assert verdict.linearization == (0, 1)
    assert verdict.final_state == (("x", 1),)


def test_an_indeterminate_write_may_not_have_happened() -> None:
    """Nor need it ever."""
    assert judged(call("a", write(1), (1, None)), call("b", READ, (3, 4), 0)).linearization == (1,)


def test_an_indeterminate_write_may_happen_late() -> None:
    """A read may miss it and a later one see it."""
    writing = call("a", write(1), (1, None))
    assert judged(writing, call("b", READ, (3, 4), 0), call("b", READ, (5, 6), 1)).holds


def test_an_indeterminate_write_happens_once() -> None:
    """What was seen to have happened cannot be undone."""
    writing = call("a", write(1), (1, None))
    assert judged(writing, call("b", READ, (3, 4), 1), call("b", READ, (5, 6), 0)).violated


def test_an_indeterminate_write_does_not_happen_before_it_was_asked() -> None:
    """A read answered before the write began does not see it."""
    assert judged(call("b", READ, (1, 2), 1), call("a", write(1), (3, None))).violated


def test_a_failed_write_never_happens() -> None:
    """An error that promises no effect is kept to its promise."""
    failed = call("a", write(1), (1, 2), Failed("SERVICE_TIMEOUT"))
    assert judged(failed, call("b", READ, (3, 4), 0)).linearization == (1,)
    assert judged(failed, call("b", READ, (3, 4), 1)).violated


def test_a_failed_write_is_in_no_witness() -> None:
    """Only answers that the model could have given are evidence."""
    failed = call("a", write(1), (1, 2), Failed("SERVICE_TIMEOUT"))
    assert judged(failed, call("b", READ, (3, 4), 1)).witness == (1,)


def test_the_empty_history_holds() -> None:
    """There is nothing to explain, and nothing was exercised."""
    verdict = judged()
    assert verdict.holds
    assert verdict.exercised == 0


def test_an_ill_formed_history_is_not_judged() -> None:
    """A history that no clients can have made is refused."""
    with pytest.raises(IllFormedError):
        judged(call("a", READ, (1, 4), 0), call("a", READ, (3, 5), 0))


def crowd(count: int) -> list[Call]:
    """Increments all at once, and a read that no order explains."""
    rising = [call(f"client {at}", INCREMENT, (0, 9), at) for at in range(count)]
    return [*rising, call("reader", READ, (10, 11), count + 1)]


def test_a_search_that_gives_up_is_unknown() -> None:
    """Past the budget the verdict is unknown, never holds, and says so."""
    verdict = judged(*crowd(6), judge=LinearizabilityJudge(REGISTERS, steps_max=3))
    assert verdict.unknown
    assert verdict.explanation == "gave up after 3 steps on 7 calls of 7"


def test_the_budget_is_exact() -> None:
    """A search that needs n answers succeeds with a budget of n and gives up with one less."""
    history = [call(f"client {at}", INCREMENT, (0, 9 - at), at) for at in range(5)]
    steps = judged(*history).steps
    assert judged(*history, judge=LinearizabilityJudge(REGISTERS, steps_max=steps)).holds
    assert judged(*history, judge=LinearizabilityJudge(REGISTERS, steps_max=steps - 1)).unknown


def test_an_unfinished_minimisation_keeps_what_it_could_not_drop() -> None:
    """If weakening a call exceeds the budget its answer stays, and the witness does not claim minimality."""
    history = crowd(5)
    steps = judged(*history).steps
    verdict = judged(*history, judge=LinearizabilityJudge(REGISTERS, steps_max=steps))
    assert verdict.violated
    assert not verdict.minimal
    assert verdict.witness


def test_the_memo_keeps_equal_calls_from_costing_a_factorial() -> None:
    """Twelve equal increments, answered by nothing that helps, take at most sets x positions steps."""
    calls = [call(f"client {at}", write(1), (0, 9)) for at in range(12)]
    verdict = judged(*calls, call("reader", READ, (10, 11), 2))
    assert verdict.violated
    assert verdict.steps <= 2**12 * 13


def test_a_long_history_needs_no_recursion() -> None:
    """Two thousand calls one after the other are explained in as many steps."""
    history = [call("a", INCREMENT, (2 * at, 2 * at + 1), at) for at in range(2000)]
    assert judged(*history).steps == 2000


def test_a_judge_forgets_when_its_memory_is_full() -> None:
    """What is remembered stays bounded, and verdicts do not change."""
    judge = LinearizabilityJudge(REGISTERS, remembered_max=5)
    for value in range(40):
        assert judged(call("a", write(value), (1, 2)), call("a", READ, (3, 4), value), judge=judge).holds
        assert judge._table.answers <= 7


def test_a_merged_order_keeps_time_across_parts() -> None:
    """Calls on different registers stand in the order in which one was answered before the other began."""
    history = [
        call("a", write(1, "x"), (5, 6)),
        call("b", write(1, "y"), (1, 2)),
        call("c", Touch("read", "x"), (3, 9), 1),
        call("d", Touch("increment", "y"), (7, 8), 1),
        call("e", write(7, "z"), (1, None)),
    ]
    verdict = judged(*history, judge=LinearizabilityJudge(REGISTERS, partition_from=0))
    assert verdict.linearization == (1, 0, 2, 3)
    assert verdict.final_state == (("x", 1), ("y", 2))


class Careless(Registers):
    """Says of each register that it stands alone, and of the sum that it reads only `x`."""

    def keys(self, operation: Touch | Sum) -> Keys | None:
        """One key, also where there should be more."""
        return frozenset(["x"] if isinstance(operation, Sum) else [operation.register])


def test_keys_that_leave_something_out_are_found_out() -> None:
    """Parts that do not fit together are an error of the specification and not a verdict."""
    history = [call("a", write(1, "y"), (1, 2)), call("b", Sum(), (3, 4), 0)]
    with pytest.raises(UnsoundPartitionError, match="judged apart"):
        LinearizabilityJudge(Careless(), partition_from=0).judge(history, ())


def ada(version: int, **changes: object) -> Entity:
    """Ada as she was, but for the version and what is given."""
    known = BEGUN.find("a")
    assert known is not None
    return Entity("a", version, dict(known.fields) | changes)


CONFLICT = Refused("CONCURRENT_MODIFICATION", {"currentVersion": 2})
LOST_UPDATE = [
    call("client 1", Update("a", 1, {"humor": 5}), (1, 4), ada(2, humor=5)),
    call("client 2", Update("a", 1, {"humor": 9}), (2, 5), ada(2, humor=9)),
    call("client 3", Get("b"), (3, 6), BEGUN.find("b")),
]


def test_a_lost_update_is_explained_in_words() -> None:
    """The two answers that exclude each other, and where the longest attempt ends."""
    verdict = LinearizabilityJudge(PERSONALITIES).judge(LOST_UPDATE, BEGUN)
    assert verdict.witness == (0, 1)
    assert verdict.explanation.splitlines() == [
        "No order of the calls explains their answers. These cannot all be true:",
        "  client 1 Update('a', 1, {'humor': 5}) -> a v2 {humor: 5, name: 'Ada', 18 others: 50}",
        "  client 2 Update('a', 1, {'humor': 9}) -> a v2 {humor: 9, name: 'Ada', 18 others: 50}",
        "The longest attempt:",
        "  client 3 Get('b') -> b v1 {name: 'Bea', 19 others: 50}",
        "  client 1 Update('a', 1, {'humor': 5}) -> a v2 {humor: 5, name: 'Ada', 18 others: 50}",
        "  then client 2 Update('a', 1, {'humor': 9}):",
        f"    the model answers {CONFLICT}, the system answered {ada(2, humor=9)}",
    ]


def test_a_wrong_first_answer_is_explained_in_words() -> None:
    """If no call can come first, that is what is said."""
    verdict = judged(call("a", READ, (1, 2), 7))
    assert verdict.explanation.splitlines()[2:] == [
        "No call can come first:",
        "  then a Touch(kind='read', register='x', value=0):",
        "    the model answers 0, the system answered 7",
    ]


def test_answers_of_one_shape_are_contrasted_field_by_field() -> None:
    """Only what differs is said, with its place."""
    other = ada(3, humor=9)
    assert contrast(Entities((ada(2, humor=5), None)), Entities((other, None))) == [
        "items.0.version: the model answers 2, the system answered 3",
        "items.0.fields.humor: the model answers 5, the system answered 9",
    ]


def test_a_flag_stored_as_a_number_is_contrasted() -> None:
    """A difference that Python's equality does not see is said all the same."""
    assert contrast(ada(2), ada(2, isTemplate=0)) == [
        "fields.isTemplate: the model answers False, the system answered 0"
    ]


def test_answers_of_different_shapes_are_contrasted_whole() -> None:
    """Another code, another id, another number of items or other fields are different things."""
    assert len(contrast(Refused("A", {"x": 1}), Refused("B", {"y": 1}))) == 1
    assert len(contrast(ada(2), Entity("b", 3, {}))) == 1
    assert len(contrast(Entities((None,)), Entities(()))) == 1
    assert contrast(Refused("A", {"x": 1}), Refused("A", {"y": 1})) == [
        "details: the model answers {'x': 1}, the system answered {'y': 1}"
    ]
    assert contrast(ada(2), ada(2)) == []


def test_the_order_of_calls_in_the_history_does_not_matter() -> None:
    """The same calls listed in another order get the same verdict."""
    backwards = LinearizabilityJudge(PERSONALITIES).judge(LOST_UPDATE[::-1], BEGUN)
    assert backwards.violated
    mended = [
        LOST_UPDATE[0],
        evolve(LOST_UPDATE[1], result=Refused("CONCURRENT_MODIFICATION", {"currentVersion": 2})),
    ]
    assert LinearizabilityJudge(PERSONALITIES).judge(mended[::-1], BEGUN).linearization == (1, 0)


def test_having_used_less_is_not_taken_for_having_used_more() -> None:
    """An attempt that spends an unanswered call too early says nothing of one that still has it."""
    specification = RegisterSpecification()
    history = [
        call("a", Write("x", 2), (0, 5)),
        call("b", Write("x", 0), (0, 6)),
        call("c", CompareAndSet("x", 0, 2), (0, None)),
        call("a", Read("x"), (7, 8), 2),
        call("b", Write("x", 0), (9, 10)),
        call("a", Read("x"), (11, 12), 2),
    ]
    verdict = LinearizabilityJudge(specification).judge(history, specification.initial)
    assert verdict.linearization == (1, 0, 3, 4, 2, 5)


def test_parts_take_turns() -> None:
    """A violation in one register is found although another one takes more steps than there are."""
    hard = [call(f"h{at}", write(at, "hard"), (0, 9)) for at in range(12)]
    hard.append(call("h", Touch("read", "hard"), (10, 11), 77))
    bad = [call("b", write(1, "bad"), (20, 21)), call("b", Touch("read", "bad"), (22, 23), 0)]
    judge = LinearizabilityJudge(REGISTERS, steps_max=5_000, explained=False)
    assert judged(*hard, judge=judge).unknown
    assert judged(*hard, *bad, judge=judge).violated


def test_an_attempt_that_is_doomed_is_explained() -> None:
    """Where a later answer can never be given any more, that answer is told."""
    specification = key_value.KeyValueSpecification()
    history = [
        call("a", key_value.Append("x", "a"), (1, 2)),
        call("b", key_value.Append("x", "b"), (3, 4)),
        call("c", key_value.Get("x"), (5, 6), "b"),
    ]
    verdict = LinearizabilityJudge(specification).judge(history, specification.initial)
    assert verdict.witness == (2,)
    assert verdict.explanation.splitlines()[-2:] == [
        "From there nothing leads to this answer any more:",
        "  c Get(key='x') -> 'b'",
    ]


def test_a_long_attempt_is_told_by_its_end() -> None:
    """The last calls of it, and how many came before."""
    history = [call("a", INCREMENT, (2 * at, 2 * at + 1), at) for at in range(40)]
    verdict = judged(*history, call("b", READ, (90, 91), 7))
    assert "  (28 calls before)" in verdict.explanation.splitlines()
    assert len(verdict.explanation.splitlines()) < 70


def test_calls_after_the_contradiction_are_no_part_of_it() -> None:
    """However many follow, the witness and its support are among those before."""
    later = [call("a", INCREMENT, (10 + 2 * at, 11 + 2 * at), at + 1) for at in range(30)]
    verdict = judged(call("a", write(1), (1, 2)), call("b", READ, (3, 4), 0), *later)
    assert verdict.witness == (1,)
    assert verdict.support == (0,)
