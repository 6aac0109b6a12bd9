"""Schedules: the choices of one execution, as a value that survives as text.

A schedule names every step, forced ones included, so that a replay that drifts is noticed at the first step
that differs. Text: tokens divided by spaces, a task's number repeated n times as `number*n`, a task that
another one spawned by the spawner's number and its own, faults and their variants by name:
`0*3 1.0 crash power 0*2`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from attrs import frozen

from machines.world.choices import Token, is_task

_TOKEN = re.compile(
    r"(?:(?P<task>[0-9]{1,9}(?:\.[0-9]{1,9})*)(?:\*(?P<times>[1-9][0-9]*))?|(?P<name>[a-z][a-z0-9-]*))"
)
_STEPS_MAX = 1_000_000


class ScheduleSyntaxError(ValueError):
    """A text is no schedule."""


@frozen
class Schedule:
    """The choices of one execution: task numbers, and names of faults and of their variants."""

    tokens: tuple[Token, ...] = ()

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> Schedule:
        """The schedule with these tokens."""
        return cls(tuple(tokens))

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """The schedule that `str(schedule)` wrote; raises `ScheduleSyntaxError`."""
        tokens: list[Token] = []
        for place, word in enumerate(text.split(), start=1):
            match = _TOKEN.fullmatch(word)
            if match is None:
                raise ScheduleSyntaxError(
                    f"word {place} of the schedule, {word!r}, is neither a task (7, or 7*3 for three steps) "
                    "nor a fault (crash)"
                )
            if match["name"]:
                tokens.append(match["name"])
                continue
            # The first eight digits: enough to know that a count is far too large.
            times = int((match["times"] or "1")[:8])
            if len(tokens) + times > _STEPS_MAX:
                raise ScheduleSyntaxError(f"the schedule has more than {_STEPS_MAX} steps")
            tokens += [_task(match["task"])] * times
        return cls(tuple(tokens))

    def __str__(self) -> str:
        groups = ((token, len(list(run))) for token, run in itertools.groupby(self.tokens))
        return " ".join(_word(token, times) for token, times in groups)

    def __len__(self) -> int:
        return len(self.tokens)


def _task(word: str) -> Token:
    return word if "." in word else int(word)


def _word(token: Token, times: int) -> str:
    if is_task(token):
        return f"{token}*{times}" if times > 1 else str(token)
    return " ".join([str(token)] * times)
