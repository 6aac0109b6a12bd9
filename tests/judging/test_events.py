"""Events are read, paired and ordered; what is malformed is refused with its line and the reason."""

from __future__ import annotations

import pytest

from machines.judging.errors import BadInputError
from machines.judging.events import objects, requests
from tests.judging.histories import done, event


def test_an_invocation_is_paired_with_its_completion() -> None:
    """By process, whatever lies between them."""
    lines = [event(1, "invoke", "read"), event(2, "invoke", "write", 5), event(1, "ok", "read", 3)]
    first, second = requests(objects(lines))
    assert first.completion is not None
    assert (first.invoke.line, first.completion.line, first.completion.value) == (1, 3, 3)
    assert second.completion is None
    assert second.is_indeterminate


def test_a_process_that_goes_on_after_no_answer_is_another_client() -> None:
    """Its old call may still take effect."""
    lines = [
        *done(1, "read", None, None, "info"),
        *done(1, "read", None, None, "info"),
        *done(1, "read", None, 1),
    ]
    assert [each.client for each in requests(objects(lines))] == ["process 1", "process 1'", "process 1''"]


def test_what_a_nemesis_tells_is_passed_over() -> None:
    """An info without an invocation completes nothing."""
    assert (
        requests(objects([event("nemesis", "info", "partition"), *done(1, "read", None, 1)]))[0].invoke.line
        == 2
    )


def test_lines_may_be_empty() -> None:
    """And are still counted."""
    assert requests(objects(["", event(1, "invoke", "read"), " "]))[0].invoke.line == 2


def test_events_may_be_ordered_by_time() -> None:
    """Then equal times are concurrent, and the lines may come in any order."""
    lines = [
        event(2, "invoke", "read", time=5),
        event(2, "ok", "read", 1, time=6),
        event(1, "invoke", "read", time=1.5),
    ]
    first, second = requests(objects(lines), "time")
    assert (first.invoke.line, first.invoke.at, second.invoke.at) == (3, 1.5, 5)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2: not JSON: "),
        ("[1]", r"line 2: not an object with fields, but \[1\]"),
        ('{"process": 1, "type": "ok"}', "line 2: the field 'f' is missing"),
        (
            '{"process": 1, "type": "ok", "f": "read", "valeu": 1}',
            "line 2: unknown field 'valeu'; known are error, f",
        ),
        (event(1, "done", "read"), "line 2: type is 'done', and should be one of invoke, ok, fail, info"),
        (event(None, "ok", "read"), "line 2: process is None, and should be a number or a name"),
        (event(1, "ok", ""), "line 2: f is '', and should be the name of an operation"),
        (event(1, "ok", "read", time="now"), "line 2: time is 'now', and should be a number"),
        (event(1, "invoke", "read"), "line 2: process 1 invokes, and its call of line 1 goes on"),
        (event(2, "ok", "read"), "line 2: ok of process 2, which has invoked nothing"),
        (event(1, "ok", "write"), "line 2: write completes the read of line 1"),
        (event(1, "ok", "read", float("nan")), "line 2: not JSON: NaN is not JSON"),
        (event(1, "ok", "read", time=1), "line 2: its time, 1, is before that of line 1, 2; if the lines"),
        ("[" * 100_000, "line 2: not JSON: "),
    ],
)
def test_a_malformed_line_is_refused(line: str, reason: str) -> None:
    """With its number and what is wrong."""
    with pytest.raises(BadInputError, match=f"^{reason}"):
        requests(objects([event(1, "invoke", "read", time=2), line]))


def test_an_event_without_time_cannot_be_ordered_by_it() -> None:
    """Named by its line."""
    with pytest.raises(BadInputError, match="line 1: events are to be ordered by time"):
        requests(objects([event(1, "invoke", "read")]), "time")
