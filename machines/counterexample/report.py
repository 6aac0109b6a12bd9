"""The text that a failure prints: all that it takes to understand it, and to see it again.

The counterexample is run again for its report, so the report shows what happens and not what is remembered;
where it does not fail again, that is the first thing the report says. Everything in it is determined by the
counterexample and the code: no time, no path of a machine, no address.
"""

from __future__ import annotations

import itertools
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

from machines.counterexample.code import as_code
from machines.counterexample.columns import WIDTH, answered, asked, brief, draw, plain
from machines.counterexample.record import Counterexample, machine_named, versions
from machines.counterexample.rerun import Judged, Tale, judge_again, tell
from machines.counterexample.timeline import Timeline
from machines.invariants import Finding
from machines.machine import ConcurrentMachine
from model.acceptance.criteria import criteria
from model.history import Call

_LABEL = 12
_MIDDLE = " | "


def render(
    counterexample: Counterexample, path: Path | None = None, machine: type[ConcurrentMachine] | None = None
) -> str:
    """The report of a counterexample, which is run again for it.

    `path` is where it is saved; `machine` is its class, needed if its name does not lead there.
    Raises `UnknownMachineError`.
    """
    kind = machine or machine_named(counterexample.program.machine)
    judged = judge_again(kind, counterexample.program)
    shown = judged.found or counterexample
    tale = tell(kind.subject, shown.program)
    sections = [
        _headline(counterexample.finding, kind, judged),
        _section("The program, as code", as_code(shown.program)),
        _section(_heading_of_steps(shown), draw(tale.timeline)),
        _section("Asked and answered", _calls(tale)),
        _section("What is wrong" if judged.found else "What was found then", _complaint(shown.finding)),
        _section("How it was found", "\n".join(_provenance(counterexample, tale.timeline))),
        _again(path),
    ]
    text = "\n\n".join(section for section in sections if section)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _section(heading: str, body: str) -> str:
    return f"{heading}\n{'-' * len(heading)}\n{body}"


# -- the headline


def _headline(finding: Finding, machine: type[ConcurrentMachine], judged: Judged) -> str:
    known = criteria()
    lines = _fields((each, known[each].quote if each in known else "?") for each in finding.criteria)
    about = (machine.__doc__ or "").strip().split("\n\n")[0]
    lines += _fields([("invariant", f"{finding.invariant}: {finding.sentence}")])
    lines += _fields([("machine", f"{machine.__name__}: {' '.join(about.split())}")])
    return "\n".join([*lines, *_doubt(finding, judged)])


def _doubt(finding: Finding, judged: Judged) -> list[str]:
    """What the reader must know first, if running it again did not give the same."""
    if judged.found is None:
        why = judged.diverged or "the same steps happened, and no invariant was violated"
        remedy = (
            "If neither the system nor the machine has changed since then, something that no schedule "
            "controls decides here (real time, hash order, shared state). What follows happened just now."
        )
        return ["", *_wrapped(f"IT DID NOT FAIL AGAIN when it was run for this report: {why}. {remedy}")]
    now = judged.found.finding
    if (now.invariant, now.message) != (finding.invariant, finding.message):
        before = f"It was found as {finding.invariant}: {finding.message}"
        return ["", *_wrapped(f"IT FAILED DIFFERENTLY when it was run for this report, as shown. {before}")]
    return []


def _fields(pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> list[str]:
    return [line for label, text in pairs for line in _labelled(label, text)]


def _labelled(label: str, text: str) -> list[str]:
    return _wrapped(text, f"{label:<{_LABEL}}", " " * _LABEL)


def _wrapped(text: str, first: str = "", more: str = "") -> list[str]:
    options = {"initial_indent": first, "subsequent_indent": more}
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False, **options) or [first]  # type: ignore[arg-type] # both are texts


# -- what happened


def _heading_of_steps(counterexample: Counterexample) -> str:
    phases = len(counterexample.program.phases)
    return "What happened" if phases == 1 else f"What happened in the last of {phases} phases"


def _calls(tale: Tale) -> str:
    several = len(tale.phases) > 1
    lines = []
    for number, calls in enumerate(tale.phases, start=1):
        lines += [f"phase {number}"] if several else []
        for call in sorted(calls, key=_client):
            lines += _asked_and_answered(call)
    return "\n".join(lines) or "(nothing was asked)"


def _client(call: Call) -> tuple[str, int]:
    return call.process, call.invoked


def _asked_and_answered(call: Call) -> list[str]:
    question = _wrapped(asked(call), f"  {call.process}  ", " " * 7)
    return question + _wrapped(answered(call), "     -> ", " " * 8)


# -- what is wrong


def _complaint(finding: Finding) -> str:
    said = list(_kept_lines(finding.message))
    if finding.model and finding.system:
        return "\n".join([*said, "", *_side_by_side(finding.model, finding.system)])
    one = finding.model or finding.system
    return "\n".join([*said, *([""] if one else []), *_kept_lines(one)])


def _kept_lines(text: str) -> Iterator[str]:
    """Each line wrapped on its own, with its indentation."""
    for line in brief(text).splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        yield from _wrapped(line.strip(), indent, f"{indent}  ")


def _side_by_side(model: str, system: str) -> Iterator[str]:
    """Two columns under `model` and `system`; lines that differ have `≠` between them."""
    width = (WIDTH - len(_MIDDLE)) // 2
    yield f"{'model':<{width}}{_MIDDLE}system"
    yield f"{'-' * width}-+-{'-' * width}"
    for left, right in itertools.zip_longest(model.splitlines(), system.splitlines(), fillvalue=""):
        middle = _MIDDLE if left == right else " ≠ "
        cells = (textwrap.wrap(plain(text), width, break_on_hyphens=False) for text in (left, right))
        for one, other in itertools.zip_longest(*cells, fillvalue=""):
            yield f"{one:<{width}}{middle}{other}".rstrip()
            middle = _MIDDLE


# -- where it comes from


def _provenance(counterexample: Counterexample, timeline: Timeline) -> Iterator[str]:
    steps = timeline.steps
    counts = [
        _count(timeline.length, "step"),
        _count(sum(step.switch != "" for step in steps), "switch", "es"),
        _count(sum(step.switch == "preempted" for step in steps), "preemption"),
        _count(sum(step.fault != "" for step in steps), "fault"),
    ]
    faults = ", ".join(step.fault for step in steps if step.fault)
    after = _count(counterexample.executions, "execution")
    yield f"after {after}; this one has {', '.join(counts)}{f' ({faults})' if faults else ''}"
    here = dict(versions())
    for name, version in sorted(counterexample.versions.items()):
        if here.get(name) != version:
            yield f"found with {name} {version}; this is {here.get(name, 'without it')}"


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"


def _again(path: Path | None) -> str:
    return (
        ""
        if path is None
        else f"To see exactly this again: pytest machines --replay {shlex.quote(_shown(path))}"
    )


def _shown(path: Path) -> str:
    """From the current folder if it is below it."""
    here = Path.cwd()
    return path.resolve().relative_to(here).as_posix() if path.resolve().is_relative_to(here) else str(path)
