"""Draws a timeline as text: one column per task, time running down, plain characters and no colour.

Only one task steps at a time, so only one column has text in a row. A column's text may therefore run on to
the right over the columns beside it, and even ten tasks leave each a readable width.
"""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Iterator, Sequence

import attrs
from attrs import frozen

from machines.counterexample.code import flat
from machines.counterexample.timeline import Step, Timeline
from model.history import Call

WIDTH = 120
_GUTTER = 18
_TEXT_MIN = 46
_ASKED_CHARACTERS_MAX = 150
_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_MARKS = {"": " ", "free": "→", "preempted": "⇄"}
_LEGEND = (
    ("⇄", "another task goes on, although the one before could have"),
    ("→", "another task goes on, the one before waits or has ended"),
    ("✗", "a fault"),
    ("▶", "asked"),
    ("◀", "answered"),
)


def brief(text: str) -> str:
    """The text with UUIDs cut to their first eight digits: `8fadb995..`."""
    return _UUID.sub(r"\1..", text)


def plain(text: object) -> str:
    """Brief, and in ASCII, so that every character is one wide and every terminal shows it."""
    return brief(str(text)).encode("ascii", "backslashreplace").decode("ascii")


def asked(call: Call) -> str:
    """What a client asked for, as code, cut where it is long."""
    text = plain(flat(call.operation))
    return text if len(text) <= _ASKED_CHARACTERS_MAX else f"{text[: _ASKED_CHARACTERS_MAX - 3]}..."


def answered(call: Call) -> str:
    """What a client was told: the model's values have a short form of their own."""
    if not call.answered:
        return "no answer came"
    shown = str if attrs.has(type(call.result)) else repr
    return plain(shown(call.result))


@frozen
class _Layout:
    """Where each task's column begins, and how wide its text may be."""

    starts: dict[str, int]
    text_width: int

    @classmethod
    def of(cls, tasks: Sequence[str]) -> _Layout:
        """Even columns, as far as they are wide enough; else columns that begin closer to each other."""
        room = WIDTH - _GUTTER
        spacing = room // max(len(tasks), 1)
        if spacing < _TEXT_MIN and len(tasks) > 1:
            spacing = (room - _TEXT_MIN) // (len(tasks) - 1)
        starts = {task: _GUTTER + place * spacing for place, task in enumerate(tasks)}
        return cls(starts, max(spacing, _TEXT_MIN) - 3)


@frozen
class _Row:
    """What stands beside the gutter: lines in a task's column, or, without a task, across all of them."""

    mark: str
    first: int
    last: int
    ms: int
    task: str | None
    lines: tuple[str, ...]


def draw(timeline: Timeline) -> str:
    """The columns, with a head and a legend of the marks that occur."""
    steps = timeline.steps
    if not steps:
        return "(no step was made)"
    layout = _Layout.of(list(dict.fromkeys(step.task for step in steps if step.task is not None)))
    rows = [_row(group, layout.text_width) for group in _groups(steps)]
    lines = [_head(layout)]
    ms = -1
    for row in rows:
        lines += _drawn(row, layout, None if row.ms == ms else row.ms)
        ms = row.ms
    text = "\n".join(lines)
    return f"{text}\n\n{_legend(text)}"


def _groups(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Each step that shows something, with the quiet ones of the same task before it."""
    group: list[Step] = []
    for step, after in itertools.zip_longest(steps, steps[1:]):
        group.append(step)
        if not step.quiet or after is None or after.fault or after.task != step.task or after.ms != step.ms:
            yield group
            group = []


def _row(group: list[Step], width: int) -> _Row:
    first, last = group[0], group[-1]
    mark = "✗" if last.fault else _MARKS[first.switch]
    lines = tuple(_fault_lines(last)) if last.fault else tuple(_step_lines(last, width))
    return _Row(mark, first.number, last.number, first.ms, last.task, lines)


def _fault_lines(step: Step) -> list[str]:
    how = f" ({', '.join(step.variants)})" if step.variants else ""
    return [f"✗ {step.fault}{how} ".ljust(WIDTH - _GUTTER, "─")]


def _step_lines(step: Step, width: int) -> Iterator[str]:
    begins = step.place is None and step.begun
    if not begins:
        yield from _fitted(plain(step.place or "goes on"), width, lines_max=2)
    for note in step.notes:
        yield from (f"  {line}" for line in _fitted(plain(note), width - 2, lines_max=3))
    yield from (f"  ✗ {variant}" for variant in step.variants)
    for call in step.ended:
        yield from _said("◀", answered(call), width)
    for call in step.begun:
        yield from _said("▶", asked(call), width)


def _said(mark: str, text: str, width: int) -> Iterator[str]:
    return (f"{mark if place == 0 else ' '} {line}" for place, line in enumerate(_fitted(text, width - 2)))


def _fitted(text: str, width: int, lines_max: int = 99) -> list[str]:
    """Text wrapped to a width, and cut where it takes too many lines."""
    lines = textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False) or [""]
    if len(lines) > lines_max:
        return [*lines[: lines_max - 1], f"{lines[lines_max - 1][: width - 3]}..."]
    return lines


def _head(layout: _Layout) -> str:
    cells = list(f"  {'step':>7} {'ms':>6}".ljust(WIDTH))
    ends = [*list(layout.starts.values())[1:], WIDTH + 1]
    for (task, start), end in zip(layout.starts.items(), ends, strict=False):
        shown = task[: end - start - 1]
        cells[start : start + len(shown)] = shown
    return "".join(cells).rstrip()


def _drawn(row: _Row, layout: _Layout, ms: int | None) -> Iterator[str]:
    number = str(row.first) if row.first == row.last else f"{row.first}-{row.last}"
    gutter = f"{row.mark} {number:>7} {'' if ms is None else ms:>6}"
    for line in row.lines:
        yield _beside(gutter, line, row.task, layout)
        gutter = ""


def _beside(gutter: str, line: str, task: str | None, layout: _Layout) -> str:
    """One line: the gutter, a lifeline for each task, and the text over those that it covers."""
    cells = list(gutter.ljust(WIDTH))
    for start in layout.starts.values():
        cells[start] = "│"
    at = _GUTTER if task is None else layout.starts[task] + 2
    covered = f"{line} " if task is not None else line
    cells[at : at + len(covered)] = covered
    return "".join(cells[:WIDTH]).rstrip()


def _legend(text: str) -> str:
    return "\n".join(f"  {mark} {meaning}" for mark, meaning in _LEGEND if mark in text)
