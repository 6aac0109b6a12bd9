"""Tells the result of an exploration as text: verdict first, then what explains it, then how to repeat it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from machines.exploration.minimise import Switch
from machines.exploration.schedule import Schedule
from machines.explore.result import Exploration, Failure

_WIDTH = 110
_OUTCOMES_MAX = 8
_SCHEDULE_CHARACTERS_MAX = 300


def told(result: Exploration) -> str:
    """The report."""
    lines = [f"{result.name} {_VERDICTS[result.verdict]}: {_why(result)}"]
    lines += [f"  {line}" for line in _basis(result)]
    if result.failure is not None:
        lines += ["", *_failure(result.failure)]
    return "\n".join(lines)


_VERDICTS = {"fails": "FAILS", "holds": "HOLDS", "unknown": "UNKNOWN"}


def _why(result: Exploration) -> str:
    if result.failure is not None:
        return str(result.failure.reason)
    if result.problem:
        return result.problem
    if result.strategy == "replay":
        return "this execution passes, and nothing is claimed of others"
    if result.verdict == "unknown":
        return f"nothing failed, but the search is not complete ({result.certificate})"
    return str(result.certificate)


def _basis(result: Exploration) -> Iterator[str]:
    found = f"{_count(result.executions, 'execution')} by {result.strategy}, {result.seconds:.2f} s"
    if result.footprints == "declared":
        found += ", footprints as declared"
    yield f"{found}; {_count(len(result.outcomes), 'distinct outcome')}{':' if result.outcomes else ''}"
    for outcome in result.outcomes[:_OUTCOMES_MAX]:
        yield f"  {_short(outcome.text, _WIDTH - 30)}   e.g. by {_short(str(outcome.schedule), 60)}"
    if len(result.outcomes) > _OUTCOMES_MAX:
        yield f"  and {len(result.outcomes) - _OUTCOMES_MAX} more"
    for note in result.notes:
        yield from textwrap.wrap(f"note: {note}", _WIDTH, subsequent_indent="  ")


def _failure(failure: Failure) -> Iterator[str]:
    minimised = failure.minimised
    if not failure.again:
        yield "Repeated, this schedule did not fail so: the program draws on what no schedule controls."
        yield ""
    before, after = minimised.before, minimised.after
    yield (
        f"{_count(after.switches, 'switch', 'switches')} between tasks"
        f"{_fewest(failure)}; as found: {before.switches}"
    )
    yield f"schedule: {_short(str(Schedule.of(after.tokens)), _SCHEDULE_CHARACTERS_MAX)}"
    for switch in failure.necessary:
        yield _necessary(failure, switch)
    yield from _nearest(failure)
    yield ""
    yield failure.columns
    if failure.traceback:
        yield ""
        yield failure.traceback
    yield ""
    yield f"replay: {failure.token}"


def _fewest(failure: Failure) -> str:
    return ", the fewest with which it fails so" if failure.minimised.fewest else ""


def _necessary(failure: Failure, switch: Switch) -> str:
    before, after = failure.tasks.get(str(switch.before)), failure.tasks.get(str(switch.after))
    way = f"the switch at step {switch.at}, from {before} to {after}"
    return f"necessary: {way}; if {before} goes on, it does not fail so"


def _nearest(failure: Failure) -> Iterator[str]:
    passing, place = failure.minimised.passing, failure.minimised.differs_at
    if passing is None or place is None:
        yield "no passing schedule was found nearby"
        return
    failing = failure.minimised.after.tokens
    names = [
        failure.tasks.get(str(tokens[place]), str(tokens[place])) if place < len(tokens) else "the end"
        for tokens in (failing, passing.tokens)
    ]
    yield f"nearest passing: {_short(str(Schedule.of(passing.tokens)), _SCHEDULE_CHARACTERS_MAX)}"
    yield f"  differs at step {place}: {names[0]} steps where it fails, {names[1]} where it passes"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _short(text: str, characters_max: int) -> str:
    return text if len(text) <= characters_max else f"{text[: characters_max - 3]}..."
