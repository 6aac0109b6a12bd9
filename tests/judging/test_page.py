"""The page about a verdict is one bounded file that shows the witness."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from machines.judging.judgement import Question, judge_lines
from machines.judging.page import DRAWN_MAX, page
from tests.judging.histories import STALE_READ, done, event

LINEARIZABILITY = Question("linearizability", "register")


def data(text: str) -> dict[str, Any]:
    """What the page draws from."""
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    given: dict[str, Any] = json.loads(found[1])
    return given


def test_the_witness_and_the_state_after_each_call_are_there() -> None:
    """With the reason in words."""
    text = page(judge_lines(STALE_READ, LINEARIZABILITY), "history.jsonl")
    drawn = data(text)
    assert (drawn["outcome"], drawn["witness"], drawn["support"]) == ("violated", [2], [0])
    assert [row["state"] for row in drawn["rows"]] == ["5", "5", None]
    assert "the model answers 5, the system answered None" in text


def test_the_page_asks_nothing_of_the_network() -> None:
    """No address, no file beside it."""
    text = page(judge_lines(STALE_READ, LINEARIZABILITY), "history.jsonl")
    addresses = set(re.findall(r"https?://[^\"' ]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<link|<img|src=|@import|url\(", text)


def test_what_a_history_contains_cannot_break_the_page() -> None:
    """Markup in values, keys and names is shown, not obeyed."""
    nasty = "</script><script>alert(1)</script>"
    lines = [*done(nasty, "write", nasty, None, key=nasty), *done(2, "read", None, 1, key=nasty)]
    text = page(judge_lines(lines, LINEARIZABILITY), nasty)
    assert text.count("<script") == 2
    assert data(text)["rows"][0]["key"].startswith("</script>")


@pytest.mark.parametrize("length", [5_000, 20_000])
def test_the_size_of_the_page_is_bounded(length: int) -> None:
    """Whatever the length of the history: it draws the calls nearest to the witness and counts the others."""
    lines = [line for each in range(length) for line in done(each % 7, "write", "x" * 50, None)]
    lines += done(8, "read", None, "y" * 10_000)
    text = page(judge_lines(lines, LINEARIZABILITY), "history.jsonl")
    drawn = data(text)
    assert len(drawn["rows"]) == DRAWN_MAX
    assert drawn["left"] == length + 1 - DRAWN_MAX
    assert drawn["rows"][-1]["id"] == drawn["witness"][0] == length
    assert len(text) < 400_000


def test_an_unknown_verdict_is_drawn_as_well() -> None:
    """With the longest attempt."""
    lines = [event(each, "invoke", "write", each) for each in range(9)]
    lines += [event(each, "ok", "write", None) for each in range(9)]
    lines += done(9, "read", None, 77)
    drawn = data(page(judge_lines(lines, Question("linearizability", "register", steps_max=20)), "x"))
    assert drawn["outcome"] == "unknown"
    assert sum(row["place"] is not None for row in drawn["rows"]) == 9


def test_transactions_are_drawn_by_session() -> None:
    """With their operations, at their times."""
    rows = [
        {"session": 1, "ops": [["r", "x", None], ["w", "x", 1]], "start": 1, "end": 4},
        {"session": 2, "ops": [["r", "x", None], ["w", "x", 2]], "start": 2, "end": 3},
    ]
    drawn = data(page(judge_lines(map(json.dumps, rows), Question("transactions")), "x"))
    assert [row["what"] for row in drawn["rows"]] == ["T1: r(x)=None w(x:=1)", "T2: r(x)=None w(x:=2)"]
    assert [row["from"] for row in drawn["rows"]] == [1, 2]
    assert sorted(drawn["witness"]) == [0, 1]
