"""Invariants: functions of a machine that look at each execution, and the violations that they find.

An invariant takes the evidence of one execution and returns how many cases it looked at: 0 says that there
was nothing to see. It fails by an assertion. `Disagreement` is an assertion that shows the model's answer
beside the system's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from attrs import frozen

from model.acceptance.registry import criteria_of

_MARK = "__tandem_invariant__"

Function = TypeVar("Function", bound=Callable[..., int])


def invariant() -> Callable[[Function], Function]:
    """Mark a method `(self, evidence) -> int` of a machine: it is asked of every execution of every phase."""

    def mark(function: Function) -> Function:
        setattr(function, _MARK, True)
        return function

    return mark


@frozen
class Invariant:
    """An invariant of a machine: its name, the sentence it stands for, and the criteria it is tied to."""

    name: str
    sentence: str
    criteria: tuple[str, ...]
    function: Callable[[Any, Any], int]


def invariants_of(machine: type) -> tuple[Invariant, ...]:
    """The invariants of a machine, those of its bases first, each in the order of definition."""
    found: dict[str, Invariant] = {}
    for base in reversed(machine.__mro__):
        for name, function in vars(base).items():
            if getattr(function, _MARK, False):
                found[name] = _invariant(name, function)
    return tuple(found.values())


def _invariant(name: str, function: Any) -> Invariant:
    sentence = " ".join((function.__doc__ or name.replace("_", " ")).strip().split("\n\n")[0].split())
    return Invariant(name, sentence, tuple(each.id for each in criteria_of(function)), function)


class VacuousInvariantError(TypeError):
    """An invariant did not say how many cases it looked at."""


class Disagreement(AssertionError):  # noqa: N818 - reads as what it is in `raise Disagreement(...)`
    """The system answered otherwise than the model, or did what no order of the operations explains."""

    def __init__(self, message: str, *, model: object = "", system: object = "") -> None:
        super().__init__(message)
        self.model = str(model)
        self.system = str(system)


@frozen
class Finding:
    """What an invariant found wrong with one execution."""

    invariant: str
    sentence: str
    criteria: tuple[str, ...]
    message: str
    model: str = ""
    system: str = ""


def look(machine: Any, one: Invariant, evidence: Any) -> int | Finding:
    """Ask one invariant about one execution: the number of cases it looked at, or what it found wrong."""
    try:
        cases = one.function(machine, evidence)
    except AssertionError as error:
        model, system = getattr(error, "model", ""), getattr(error, "system", "")
        message = str(error) or "the assertion carries no message"
        return Finding(one.name, one.sentence, one.criteria, message, model, system)
    except Exception as error:
        error.add_note(
            f"This is an error in the invariant {type(machine).__name__}.{one.name}, not in the system."
        )
        raise
    count: object = cases
    if not isinstance(count, int) or count < 0:
        raise VacuousInvariantError(
            f"{type(machine).__name__}.{one.name} returned {cases!r}; an invariant returns how many cases it "
            "looked at (0 if there was nothing to see), so that a vacuous run does not read as a proof"
        )
    return int(cases)
