"""`tandem explore FILE.py::NAME`: explores an async function of a file, from the command line."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from machines.exploration.strategy import STRATEGIES
from machines.explore.loading import load
from machines.explore.result import Exploration
from machines.explore.searching import EXECUTIONS, VIRTUAL_SECONDS, explore, replay

BAD_INPUT = 3
STATUS = {"holds": 0, "fails": 1, "unknown": 2}
"""The exit status of each verdict."""


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaint is one line, with the exit status of other useless input."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong."""
        self.exit(BAD_INPUT, f"{self.prog}: {message}\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but what is not known is a complaint of this parser, not of the one above it."""
        given, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return given, unknown


def add_to(commands: Any) -> None:
    """Register the subcommand with argparse's subparsers."""
    parser = commands.add_parser(
        "explore",
        help="every interleaving of an async function of yours",
        description="Run the async function NAME of FILE.py afresh under one schedule after another. It "
        "fails if it raises, deadlocks, leaves tasks behind, spins for ever, takes more than HANG_AFTER "
        "virtual seconds, or if check(outcome), where the file defines it, raises or returns False. The exit "
        "status is 0 if it holds, 1 if it fails, 2 if that is unknown, 3 if it could not be explored.",
    )
    add = parser.add_argument
    add("target", metavar="FILE.py::NAME", help="what to explore")
    add(
        "--strategy",
        metavar="S",
        default="exhaustive",
        help=f"{', '.join(sorted(STRATEGIES))} (default: %(default)s)",
    )
    add(
        "--executions",
        metavar="N",
        type=int,
        default=EXECUTIONS,
        help="so many at the most (default: %(default)s)",
    )
    add(
        "--preemptions",
        metavar="K",
        type=int,
        help="all schedules with at most K preemptions, instead of all",
    )
    add("--seed", metavar="N", type=int, default=0, help="of strategies that draw (default: %(default)s)")
    add(
        "--footprints",
        metavar="WHICH",
        default="unknown",
        help="unknown, or declared: tasks share nothing but trio's primitives and Shared variables",
    )
    add("--clock", choices=["virtual"], default="virtual", help="there is no other")
    add(
        "--virtual-seconds",
        metavar="N",
        type=float,
        help=f"how long an execution may take (default: HANG_AFTER in the file, else {VIRTUAL_SECONDS:.0f})",
    )
    add("--json", action="store_true", help="print the result as JSON")
    add("--replay", metavar="TOKEN", help="run exactly the execution that a report gave this token")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Explore, and print what came of it."""
    try:
        result = _explored(given)
    except (ValueError, TypeError) as error:
        print(f"tandem explore: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201 - the command's output
        return BAD_INPUT
    print(json.dumps(result.as_json(), indent=2, allow_nan=False) if given.json else result)  # noqa: T201 - as above
    return STATUS[result.verdict]


def _explored(given: argparse.Namespace) -> Exploration:
    with _silence():
        loaded = load(given.target)
        seconds = given.virtual_seconds or loaded.virtual_seconds
        if given.virtual_seconds is not None and not given.virtual_seconds > 0:
            raise ValueError(f"--virtual-seconds must be above 0, not {given.virtual_seconds:g}")
        if given.replay is not None:
            return replay(loaded.scenario, given.replay, check=loaded.check)
        return explore(
            loaded.scenario,
            strategy=given.strategy,
            executions=given.executions,
            preemptions=given.preemptions,
            seed=given.seed,
            footprints=given.footprints,
            virtual_seconds=VIRTUAL_SECONDS if seconds is None else seconds,
            check=loaded.check,
        )


class _Nowhere:
    """A text stream that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep what the program prints, thousands of times, out of the report."""
    with contextlib.redirect_stdout(_Nowhere()):
        yield
