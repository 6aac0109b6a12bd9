"""What judging costs: `python -m tests.benchmarks.judges` prints it, with the ratio to each target.

Times are of this process's CPU, the best of a few rounds where nothing else is said. The histories are made
from seeds, in the shapes of those that the peers are known by; the peers themselves are not run here.
Porcupine's figures (1.3, in Go: 462 ms for its 102 etcd histories, 193 ms for its history of 50 clients) are
of its own data on a core of the same kind: the ratios to them compare like sizes, and not like histories.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import log2
from statistics import median
from time import process_time
from typing import Any

from attrs import frozen
from rich.console import Console
from rich.table import Table

from machines.personality.drawing import VALID_DRAFTS
from machines.test_personality_edits import PersonalityEdits
from model.history import Call
from model.judges.isolation.judge import judge_transactions
from model.judges.linearizability import LinearizabilityJudge
from model.judges.registers import judge_versioned
from model.specification.key_value import KeyValueSpecification
from model.specification.personality import Update
from model.specification.registers import RegisterSpecification
from tests.benchmarks.histories import etcd_like, key_value_like, transactions_like, versioned_like

_ROUNDS = 5
_ETCD_HISTORIES = 102
_PORCUPINE_ETCD_MS, _PORCUPINE_KV_MS = 462, 193
_SIZES = (1_000, 10_000, 100_000)


@frozen
class Figure:
    """One measured time beside what it should stay under; `note` says what was judged and how it came out."""

    what: str
    measured_ms: float
    target_ms: float
    note: str = ""


def took_ms(judge: Callable[[], Any], rounds: int = _ROUNDS) -> float:
    """The best of some rounds, in milliseconds."""
    best = float("inf")
    for _ in range(rounds):
        began = process_time()
        judge()
        best = min(best, process_time() - began)
    return best * 1e3


def linearizable(history: Sequence[Call], specification: Any) -> Any:
    """The verdict of a judge that remembers nothing yet, without a witness, as the peers give it."""
    return LinearizabilityJudge(specification, explained=False).judge(history, specification.initial)


def etcd(count: int, stale: float) -> tuple[list[float], str]:
    """The time of each of the histories, and how many were of which outcome."""
    specification = RegisterSpecification()
    histories = [etcd_like(seed, count, stale=stale) for seed in range(_ETCD_HISTORIES)]
    times = [took_ms(partial(linearizable, history, specification), 3) for history in histories]
    outcomes = [linearizable(history, specification).outcome for history in histories]
    counts = ", ".join(f"{outcomes.count(each)} {each}" for each in sorted(set(outcomes)))
    unanswered = sum(not call.answered for history in histories for call in history) / len(histories)
    return times, f"{counts}; {unanswered:.0f} calls of {count} unanswered"


def figures() -> Iterator[Figure]:
    """Every figure that has a target."""
    for stale in (0.0, 0.05):
        times, note = etcd(100, stale)
        yield Figure(f"CAS register, 100 calls, {stale:.0%} stale reads: median", median(times), 2, note)
    for stale in (0.0, 0.05, 0.3):
        times, note = etcd(170, stale)
        what = f"CAS register, 102 histories of 170 calls, {stale:.0%} stale: all (Porcupine on its own)"
        yield Figure(what, sum(times), _PORCUPINE_ETCD_MS, f"{note}; slowest {max(times):.1f} ms")
    store = KeyValueSpecification()
    stores = [key_value_like(seed) for seed in range(5)]
    times = [took_ms(partial(linearizable, history, store), 3) for history in stores]
    yield Figure(
        "key-value, 50 clients, 1,500 calls: median of 5", median(times), 150, f"slowest {max(times):.1f}"
    )
    yield Figure("the same (Porcupine on its own)", median(times), _PORCUPINE_KV_MS)
    history = versioned_like(1, 10_000)
    yield Figure("versioned register, 10,000 calls", took_ms(partial(judge_versioned, history)), 15)
    for skewed in (0, 1, 50):
        transactions = transactions_like(1, 10_000, skewed=skewed)
        found = judge_transactions(transactions)
        what = f"serializability of 10,000 transactions, {skewed} write skews"
        names = ", ".join(anomaly.name for anomaly in found.anomalies)
        note = f"{found.outcome} {names}"
        yield Figure(what, took_ms(partial(judge_transactions, transactions)), 150, note)
    strict = partial(judge_transactions, transactions_like(1, 10_000), "strict-serializable")
    yield Figure("strict serializability of 10,000 transactions", took_ms(strict), 150, "with real time")


def curves() -> Iterator[tuple[str, list[float]]]:
    """The time of each sweep at each size."""
    versioned = [partial(judge_versioned, versioned_like(1, size)) for size in _SIZES]
    yield "versioned register", [took_ms(judge, 3) for judge in versioned]
    for level in ("serializable", "strict-serializable"):
        judges = [partial(judge_transactions, transactions_like(1, size), level) for size in _SIZES]
        yield f"{level} transactions", [took_ms(judge, 3) for judge in judges]


def share_of_exploration() -> tuple[float, float, int]:
    """Milliseconds of judging linearizability, of the whole exploration, and the executions in it."""
    spent = 0.0
    judge = LinearizabilityJudge.judge

    def timed(self: LinearizabilityJudge, history: Sequence[Call], initial: Any) -> Any:
        nonlocal spent
        began = process_time()
        verdict = judge(self, history, initial)
        spent += process_time() - began
        return verdict

    LinearizabilityJudge.judge = timed  # type: ignore[method-assign] # put back below
    try:
        machine = PersonalityEdits()
        entity = machine._create(VALID_DRAFTS[0])
        before = machine.tally.executions
        began = process_time()
        clients = [[Update(entity, 1, {"humor": humor})] for humor in (1, 2, 3)]
        machine.interleave(clients)
        whole = process_time() - began
        return spent * 1e3, whole * 1e3, machine.tally.executions - before
    finally:
        LinearizabilityJudge.judge = judge  # type: ignore[method-assign] # as it was


def main() -> int:
    """Print every figure; the exit status is 1 if one misses its target."""
    console, missed = Console(width=170), 0
    table = Table("what", "ms", "target", "of target", "outcome", title="Judges")
    for figure in figures():
        ratio = figure.measured_ms / figure.target_ms
        missed += ratio > 1
        row = (figure.what, f"{figure.measured_ms:.2f}", f"{figure.target_ms:g}", f"{ratio:.0%}", figure.note)
        table.add_row(*row)
    console.print(table)
    curve = Table("sweep", *(f"{size:,}: ms" for size in _SIZES), "growth, n log n = 1", title="Growth")
    for name, times in curves():
        expected = _SIZES[-1] * log2(_SIZES[-1]) / (_SIZES[0] * log2(_SIZES[0]))
        curve.add_row(name, *(f"{each:.1f}" for each in times), f"{times[-1] / times[0] / expected:.2f}")
    console.print(curve)
    judging, whole, executions = share_of_exploration()
    console.print(
        f"Linearizability of three updates at once, {executions} executions: {judging:.0f} of {whole:.0f} ms "
        f"of exploring, {judging / whole:.1%} (target 20%), {judging / executions * 1e3:.0f} us an execution"
    )
    return int(missed > 0 or judging > whole / 5)


if __name__ == "__main__":
    sys.exit(main())
