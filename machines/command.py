"""The `tandem` command: the door to everything that is not pytest."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from machines import summary
from machines.explore import command as explore_command
from machines.judging import command as judging_command
from machines.run_record import FOLDER, LAST_RUN, RunRecord, RunRecordError

BAD_INPUT = 3
_READER_GONE = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; the exit status is 0, or 3 if what it was given is no use."""
    given = _parser().parse_args(arguments)
    try:
        status: int = given.run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough. What is still in the buffer must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tandem",
        description="Model checking of concurrent services. The machines themselves run with pytest: "
        "`pytest -n auto machines`.",
    )
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", parser_class=explore_command.OneLineParser
    )
    acceptance = commands.add_parser(
        "acceptance",
        help="the acceptance criteria and how often the last run exercised each",
        description="Print every acceptance criterion, how often the last run of `pytest machines` "
        "had something to judge by it, and the invariants that did.",
    )
    acceptance.add_argument(
        "--run",
        metavar="FILE",
        type=Path,
        dest="file",
        default=Path(FOLDER) / LAST_RUN,
        help="the record of another run (default: %(default)s)",
    )
    acceptance.set_defaults(run=_acceptance)
    explore_command.add_to(commands)
    judging_command.add_to(commands)
    return parser


def _acceptance(given: argparse.Namespace) -> int:
    try:
        record = RunRecord.load(given.file)
    except RunRecordError as error:
        print(f"tandem: {error}", file=sys.stderr)  # noqa: T201 - the command's output
        return BAD_INPUT
    if sys.stdout.isatty():
        Console().print(summary.acceptance_table(record))
    else:
        print("\n".join(summary.acceptance_lines(record)))  # noqa: T201 - the command's output
    return 0
