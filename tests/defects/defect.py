"""Seeded defects as values: what a small wrong version stands in for in the system, and who must notice.

A machine that passes proves little until it has been seen to fail. So every invariant comes with a defect: a
version of one function of the system as a colleague might have written it, wrong in one way. The idea is that
of mutation testing (DeMillo, Lipton and Sayward, "Hints on test data selection", 1978); rejected are mutants
made by a tool, most of which are either equivalent to the original or caught by the first call, and none of
which reads like a mistake that somebody made.

A defect is written as the wrong function or class itself, marked by `defect` with the target that it
replaces and the invariant that must notice. Its name is the function's, with hyphens; what is wrong is the
docstring. Its signature is that of the target, which a test compares. Where the mistake lies in a value (a
statement, the schema), `misread` marks a function from the right value to the wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from attrs import frozen

PERSONALITY_EDITS: Final = "machines.test_personality_edits:PersonalityEdits"

_MARK = "__tandem_defect__"
Wrong = TypeVar("Wrong", bound=Callable[..., Any])


@frozen
class Replacement:
    """What makes the wrong version of a part: `target` is its `module:name` or `module:Class.name`."""

    target: str
    wrong_of: Callable[[Any], Any]


@frozen
class Defect:
    """One mistake: `what` is wrong, the `machine` (`module:Class`) to run, the invariant that must notice."""

    name: str
    what: str
    machine: str
    caught_by: str
    replacements: tuple[Replacement, ...]


def defect(
    target: str, *, caught_by: str, also: tuple[Replacement, ...] = (), machine: str = PERSONALITY_EDITS
) -> Callable[[Wrong], Wrong]:
    """Mark a function or class as the wrong version of `target`; `also` is what must change with it."""

    def mark(wrong: Wrong) -> Wrong:
        replacement = Replacement(target, lambda _right: wrong)
        return _marked(wrong, machine, caught_by, (replacement, *also))

    return mark


def misread(
    target: str, *, caught_by: str, machine: str = PERSONALITY_EDITS
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Mark a function that makes the wrong value of `target` from the right one."""

    def mark(wrong_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return _marked(wrong_of, machine, caught_by, (Replacement(target, wrong_of),))

    return mark


def _marked(wrong: Wrong, machine: str, caught_by: str, replacements: tuple[Replacement, ...]) -> Wrong:
    name = _kebab(wrong.__name__)
    what = " ".join((wrong.__doc__ or "").split())
    assert what, f"{name} does not say what is wrong with it"
    setattr(wrong, _MARK, Defect(name, what, machine, caught_by, replacements))
    return wrong


def defect_of(marked: object) -> Defect | None:
    """The defect that a function or class was marked as."""
    own = getattr(marked, "__dict__", {})
    found = own.get(_MARK)
    return found if isinstance(found, Defect) else None


def _kebab(name: str) -> str:
    """`lost_update` and `LostUpdate` as `lost-update`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower().replace("_", "-")
