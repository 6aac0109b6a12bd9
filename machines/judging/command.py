"""`tandem judge`: judges a history from anywhere."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from machines.judging.errors import BadInputError
from machines.judging.judgement import JUDGES, Question, judge_lines
from machines.judging.page import page
from machines.judging.telling import EXIT_STATUS, as_json, as_text
from machines.judging.translation import TRANSLATORS
from model.judges.isolation.levels import LEVELS

_BAD_INPUT: Final = 3
_DESCRIPTION: Final = """\
Judge a history: one JSON object a line, each an event,
  {"process": 3, "type": "invoke", "f": "write", "key": "x", "value": 1, "time": 12.5}
(type: invoke, ok, fail or info; f: read, write, cas, get, put, append, acquire, ...) or a transaction,
  {"session": 1, "status": "ok", "ops": [["r", "x", 1], ["w", "y", 2], ["append", "z", 3]]}.

Judges:
  linearizability  some order of the calls, each inside its interval, explains every answer
  transactions     no cycle that the isolation level forbids
  sessions         read your writes, monotonic reads and writes, writes follow reads; versioned registers
  locks            leases with fencing tokens: answers, and no two holders at a time; events need times

The exit status is 0 if it holds, 1 if it is violated, 2 if that is unknown, 3 if the input is no use."""

_SPECIFICATION: Final = (
    f"{', '.join(TRANSLATORS)}; of transactions: versioned-register (default: versions are numbers in their "
    "order) or register (their order is not known); what is appended to is a list"
)
_FAILED_CAS: Final = (
    "what `fail` means of a cas, a release, an acquire or a dequeue: it looked at its condition, which was "
    "not met, or it did nothing (default: never invents a violation, and may hide one)"
)
_STEPS_MAX: Final = 1_000_000


def add_to(commands: Any) -> None:
    """Register the subcommand with the parsers of the `tandem` command."""
    parser = commands.add_parser(
        "judge",
        help="judge a history of calls or transactions from a file",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("judge", choices=JUDGES, metavar="JUDGE", help=", ".join(JUDGES))
    add("history", metavar="HISTORY.jsonl", help="the file, or - for standard input")
    add("--specification", default="", metavar="NAME", help=_SPECIFICATION)
    add("--failed-cas", default="did-not-happen", choices=("compared", "did-not-happen"), help=_FAILED_CAS)
    add("--level", default="serializable", metavar="LEVEL", help=f"of transactions: {', '.join(LEVELS)}")
    add("--order", default="lines", choices=("lines", "time"), help="what orders the events (default: lines)")
    add("--staleness", type=float, metavar="TIME", help="sessions: how far behind a read may be")
    add("--steps-max", type=int, default=_STEPS_MAX, metavar="N", help="unknown after N steps of a search")
    add("--json", action="store_true", help="tell the verdict as JSON")
    add("--page", type=Path, metavar="OUT.html", help="write a page that shows the witness and the timeline")
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    question = Question(
        given.judge,
        given.specification,
        given.failed_cas,
        given.level,
        given.order,
        given.steps_max,
        given.staleness,
    )
    try:
        judged = judge_lines(_lines(given.history), question)
        if given.page is not None:
            given.page.write_text(page(judged, _name(given.history)), encoding="utf-8")
    except (BadInputError, OSError, UnicodeDecodeError) as error:
        print(f"tandem judge: {_name(given.history)}: {_reason(error)}", file=sys.stderr)  # noqa: T201 - the command's output
        return _BAD_INPUT
    print(as_json(judged) if given.json else as_text(judged))  # noqa: T201 - the command's output
    return EXIT_STATUS[judged.verdict.outcome]


def _lines(history: str) -> list[str]:
    text = sys.stdin.read() if history == "-" else Path(history).read_text(encoding="utf-8")
    return text.split("\n")  # and at nothing else, which a text in JSON may contain


def _name(history: str) -> str:
    return "standard input" if history == "-" else history


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"not text: {error}" if isinstance(error, UnicodeDecodeError) else str(error)
