"""Schedules survive as text, and a text that is no schedule is refused with the reason."""

from __future__ import annotations

import contextlib
import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from machines.exploration.schedule import Schedule, ScheduleSyntaxError
from machines.world.kernel import END, Token

NAMES = st.from_regex(re.compile(r"[a-z][a-z0-9-]{0,12}"), fullmatch=True)
TOKENS: st.SearchStrategy[list[Token]] = st.lists(st.integers(0, 40) | NAMES | st.just(END), max_size=30)
RUNS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=10)


@given(tokens=TOKENS)
@example(tokens=[])
@example(tokens=[0, 0, 0, "crash", "crash", 0, END])
def test_schedule_survives_as_text(tokens: list[Token]) -> None:
    """Parsing what a schedule wrote gives the same schedule."""
    schedule = Schedule.of(tokens)
    assert Schedule.parse(str(schedule)) == schedule


@given(runs=RUNS)
def test_runs_of_one_task_are_counted(runs: list[tuple[int, int]]) -> None:
    """A task that steps n times in a row is one word of the text, however the text counted it."""
    text = " ".join(f"{task}*{times}" for task, times in runs)
    schedule = Schedule.parse(text)
    assert len(schedule) == sum(times for _, times in runs)
    words = str(schedule).split()
    tasks = [word.split("*")[0] for word in words]
    assert all(one != other for one, other in itertools.pairwise(tasks))


def test_text_is_short_and_plain() -> None:
    """The text names tasks by number, repeats by count, faults and variants by name."""
    assert str(Schedule.of([0, 0, 0, 1, "crash", "power", 0, 0, END])) == "0*3 1 crash power 0*2 end"


def test_faults_are_not_counted() -> None:
    """Each happening of a fault is a word of its own."""
    assert str(Schedule.of(["drop", "drop"])) == "drop drop"


@given(text=st.text(st.sampled_from("0123456789*abc-_ .\t\nA"), max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """A text is a schedule, which then survives as text, or is refused: nothing else happens."""
    with contextlib.suppress(ScheduleSyntaxError):
        schedule = Schedule.parse(text)
        assert Schedule.parse(str(schedule)) == schedule


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("0 1 -2", 3, "-2"),
        ("0*0", 1, "0*0"),
        ("0*", 1, "0*"),
        ("*3", 1, "*3"),
        ("crash*2", 1, "crash*2"),
        ("0 Crash", 2, "Crash"),
        ("0,1", 1, "0,1"),
        ("1.", 1, "1."),
        ("0*3*2", 1, "0*3*2"),
        ("\N{ARABIC-INDIC DIGIT THREE}", 1, "\N{ARABIC-INDIC DIGIT THREE}"),
    ],
)
def test_syntax_error_names_the_word(text: str, place: int, word: str) -> None:
    """The word that is no token is told, with its place and what a token looks like."""
    with pytest.raises(ScheduleSyntaxError) as raised:
        Schedule.parse(text)
    assert str(raised.value) == (
        f"word {place} of the schedule, {word!r}, is neither a task (7, or 7*3 for three steps) "
        "nor a fault (crash)"
    )


@pytest.mark.parametrize("text", ["0*1000001", "0*999999 1*2", "0*99999999999999999999", "0*" + "9" * 5000])
def test_absurd_length_is_refused_without_memory(text: str) -> None:
    """A count far beyond any execution is refused before a list of that length is made."""
    with pytest.raises(ScheduleSyntaxError, match="the schedule has more than 1000000 steps"):
        Schedule.parse(text)


def test_absurd_task_number_is_refused() -> None:
    """A task number with thousands of digits is refused as a syntax error, not as Python's own limit."""
    with pytest.raises(ScheduleSyntaxError):
        Schedule.parse("9" * 5000)


def test_schedules_are_values() -> None:
    """Two schedules with the same tokens are equal and hash alike."""
    assert {Schedule.of([0, 1]), Schedule((0, 1))} == {Schedule.parse("0 1")}
