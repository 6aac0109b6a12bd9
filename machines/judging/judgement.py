"""Judges a history from outside: picks the judge, and keeps what is needed to tell and draw the verdict."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, Final, Literal

from attrs import field, frozen

from machines.judging.errors import BadInputError, bad_line
from machines.judging.events import Event, Order, Request, objects, requests
from machines.judging.transactions import transactions
from machines.judging.translation import TRANSLATORS, FailedCas, calls, token
from model.history import Call
from model.judges.isolation.history import Transaction
from model.judges.isolation.judge import judge_transactions
from model.judges.isolation.levels import LEVELS
from model.judges.isolation.orders import MalformedTransactionsError
from model.judges.linearizability import LinearizabilityJudge
from model.judges.locks import Holding, judge_holdings
from model.judges.registers import judge_versioned
from model.judges.sessions import Access, judge_sessions, judge_staleness
from model.judges.verdict import Verdict, all_of
from model.specification.catalogue import SPECIFICATIONS
from model.specification.interface import Specification
from model.specification.registers import CompareAndSet, Conflict, Versioned

JudgeName = Literal["linearizability", "transactions", "sessions", "locks"]
MILLISECONDS: Final = 1000


@frozen
class Question:
    """What is asked about a history; which fields count depends on the judge."""

    judge: JudgeName
    specification: str = ""
    failed_cas: FailedCas = "did-not-happen"
    level: str = "serializable"
    order: Order = "lines"
    steps_max: int = 1_000_000
    staleness: float | None = None


@frozen
class Judged:
    """The verdict on a history, and how it came about.

    `witness` and `support` name rows of `calls`, or of `transactions`, by index; `attempt` is the order that
    explains the history, or the longest attempt. `milliseconds` is the time spent judging, reading left out.
    """

    question: Question
    verdict: Verdict
    milliseconds: float
    requests: Sequence[Request] = ()
    calls: Sequence[Call] = ()
    transactions: Sequence[Transaction] = ()
    witness: tuple[int, ...] = ()
    support: tuple[int, ...] = ()
    attempt: tuple[int, ...] = ()
    details: Mapping[str, Any] = field(factory=dict)

    @property
    def specification(self) -> Specification[Any] | None:
        """The specification that the calls were judged by."""
        return SPECIFICATIONS.get(self.question.specification)


def judge_lines(lines: Iterable[str], question: Question) -> Judged:
    """The verdict on a history, line by line; raises BadInputError."""
    return _JUDGES[question.judge](objects(lines), question)


Rows = Iterator[tuple[int, dict[str, Any]]]


def _linearizability(rows: Rows, question: Question) -> Judged:
    if question.specification not in TRANSLATORS:
        raise BadInputError(f"name a specification: {', '.join(TRANSLATORS)}")
    asked = requests(rows, question.order)
    history = calls(asked, question.specification, question.failed_cas)
    began = perf_counter()
    if question.specification == "versioned-register":
        verdict = judge_versioned(history)
        spent = (perf_counter() - began) * MILLISECONDS
        return Judged(question, verdict, spent, asked, history, witness=verdict.clash)
    specification = SPECIFICATIONS[question.specification]
    judge = LinearizabilityJudge(specification, steps_max=question.steps_max, remembered_max=10**9)
    found = judge.judge(history, specification.initial)
    spent = (perf_counter() - began) * MILLISECONDS
    return Judged(
        question,
        found,
        spent,
        asked,
        history,
        (),
        found.witness,
        found.support,
        found.linearization,
        {"steps": found.steps},
    )


def _transactions(rows: Rows, question: Question) -> Judged:
    if question.level not in LEVELS:
        raise BadInputError(f"no isolation level is called {question.level!r}; there are {', '.join(LEVELS)}")
    if question.specification not in {"", "versioned-register", "register", "list-append"}:
        raise BadInputError(
            "transactions are on a versioned-register (the default), a register or list-append"
        )
    history = transactions(rows, question.order)
    began = perf_counter()
    try:
        verdict = judge_transactions(
            history, question.level, "unknown" if question.specification == "register" else "numbers"
        )
    except MalformedTransactionsError as error:
        raise BadInputError(f"the transactions make no history: {error}") from error
    spent = (perf_counter() - began) * MILLISECONDS
    worst = verdict.anomalies[0] if verdict.anomalies else None
    details = {"anomalies": [anomaly.name for anomaly in verdict.anomalies], "level": question.level}
    return Judged(
        question, verdict, spent, (), (), history, worst.transactions if worst else (), details=details
    )


def _sessions(rows: Rows, question: Question) -> Judged:
    asked = requests(rows, question.order)
    history = calls(asked, "versioned-register", question.failed_cas)
    places, accesses = _accesses(asked, history)
    began = perf_counter()
    verdicts: list[Verdict] = [judge_sessions(accesses)]
    if question.staleness is not None:
        verdicts.append(judge_staleness(accesses, question.staleness))
    whole = all_of(*verdicts)
    spent = (perf_counter() - began) * MILLISECONDS
    clash = next((getattr(each, "clash", ()) for each in verdicts if each.violated), ())
    return Judged(question, whole, spent, asked, history, witness=tuple(places[index] for index in clash))


def _accesses(asked: Sequence[Request], history: Sequence[Call]) -> tuple[list[int], list[Access]]:
    """The reads and writes that tell a version, and which requests they are."""
    places, made = [], []
    for place, (request, call) in enumerate(zip(asked, history, strict=True)):
        version = _version(call)
        if version is None or request.completion is None:
            continue
        kind: Literal["read", "write"] = "write" if isinstance(call.result, int) else "read"
        asked_at, answered_at = request.invoke.time, request.completion.time
        operation: Any = call.operation
        places.append(place)
        made.append(Access(request.invoke.process, kind, operation.key, version, asked_at, answered_at))
    return places, made


def _version(call: Call) -> int | None:
    match call.result:
        case Versioned(version=version) | int(version):
            return version
        case Conflict(current=current) if isinstance(call.operation, CompareAndSet):
            return current
    return None


def _locks(rows: Rows, question: Question) -> Judged:
    """The answers by the specification of a lease, and no two holders at a time by what they knew."""
    asked = requests(rows, question.order)
    history = calls(asked, "lease", question.failed_cas)
    holdings = list(_holdings(asked))
    began = perf_counter()
    specification = SPECIFICATIONS["lease"]
    judge = LinearizabilityJudge(specification, steps_max=question.steps_max, remembered_max=10**9)
    answers = judge.judge(history, specification.initial)
    whole = all_of(answers, judge_holdings(holdings))
    spent = (perf_counter() - began) * MILLISECONDS
    order = answers.linearization
    return Judged(question, whole, spent, asked, history, (), answers.witness, answers.support, order)


def _holdings(asked: Sequence[Request]) -> Iterator[Holding]:
    """From the answer to each acquire until its client asks for the release, or its lease ends."""
    releases: dict[tuple[Hashable, int], float] = {}
    for request in asked:
        if request.invoke.f == "release":
            at = _time(request.invoke)
            place = (request.invoke.key, token(request.invoke))
            releases[place] = min(at, releases.get(place, at))
    for request in asked:
        completion = request.completion
        if request.invoke.f != "acquire" or completion is None or completion.type != "ok":
            continue
        ends = [releases.get((request.invoke.key, token(completion))), _lease_end(completion)]
        known = [end for end in ends if end is not None]
        until = min(known) if known else None
        yield Holding(request.invoke.key, request.invoke.process, _time(completion), until)


def _lease_end(completion: Event) -> float | None:
    end = completion.value.get("until") if isinstance(completion.value, dict) else None
    if end is not None and (isinstance(end, bool) or not isinstance(end, int | float)):
        raise bad_line(completion.line, f"until is {end!r}, and should be a time")
    return end


def _time(event: Event) -> float:
    if event.time is None:
        raise bad_line(event.line, "locks are judged by time, and this event has none")
    return event.time


_JUDGES: Final[Mapping[str, Callable[[Rows, Question], Judged]]] = {
    "linearizability": _linearizability,
    "transactions": _transactions,
    "sessions": _sessions,
    "locks": _locks,
}
JUDGES: Final = tuple(_JUDGES)
