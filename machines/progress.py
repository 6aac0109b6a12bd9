"""The live progress line: how much has been executed so far, over all worker processes.

Each process writes its counts to a small file of its own, at most a few times a second; the process that owns
the terminal adds them up and shows them. Real time is read here, for display only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from machines.tally import Tally

_EVERY_SECONDS = 0.25


def _ignore(_tally: Tally) -> None:
    """Nobody is looking."""


def reporter(folder: Path, name: str) -> Callable[[Tally], None]:
    """A function that notes the counts of the item of that name, if somebody is looking."""
    counts = folder / "progress"
    if not counts.is_dir():
        return _ignore
    path = counts / (name.replace("/", "-").replace(":", "-") + f"-{os.getpid()}")
    written = 0.0

    def note(tally: Tally) -> None:
        nonlocal written
        now = monotonic()
        if now - written >= _EVERY_SECONDS:
            written = now
            with suppress(OSError):
                path.write_text(
                    json.dumps([tally.programs, tally.bursts, tally.executions]), encoding="ascii"
                )

    return note


class ProgressLine:
    """The line itself: shown from the first item on, gone at the end; nothing where there is no terminal.

    State: the terminal, opened a second time, as pytest points the first elsewhere while a test runs; what
    shows the line, if it is shown.
    """

    def __init__(self, folder: Path, stream: TextIO) -> None:
        self._counts = folder / "progress"
        self._stream = stream
        self._terminal: TextIO | None = None
        self._live: Live | None = None
        self._began = monotonic()
        self.wanted = stream.isatty()

    def prepare(self) -> None:
        """Make the folder in which the processes write: that is how they know that somebody is looking."""
        if not self.wanted:
            return
        try:
            self._counts.mkdir(parents=True, exist_ok=True)
            self._empty()
            self._terminal = os.fdopen(os.dup(self._stream.fileno()), "w", encoding=self._stream.encoding)
        except OSError:
            # A full or read-only disk is no reason not to run: there is no line then.
            self.wanted = False

    def _empty(self) -> None:
        for old in self._counts.iterdir():
            old.unlink(missing_ok=True)

    def show(self) -> None:
        """Begin to show it."""
        if self._terminal is not None and self._live is None:
            self._began = monotonic()
            self._live = Live(
                console=Console(file=self._terminal),
                get_renderable=self._line,
                transient=True,
                refresh_per_second=4,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def end(self) -> None:
        """Take it away, with the folder."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._terminal is not None:
            self._terminal.close()
            self._terminal = None
        if self.wanted:
            with suppress(OSError):
                self._empty()
                self._counts.rmdir()

    def _line(self) -> Text:
        programs, bursts, executions = map(sum, zip((0, 0, 0), *self._counted(), strict=True))
        rate = executions / max(monotonic() - self._began, 1e-9)
        return Text(
            f"exploring: {programs:,} programs, {bursts:,} bursts, {executions:,} executions, {rate:,.0f}/s"
        )

    def _counted(self) -> Iterator[tuple[int, int, int]]:
        """What each shard has noted last; one that is being written just now is left out."""
        for path in sorted(self._counts.glob("*")):
            with suppress(OSError, ValueError):
                programs, bursts, executions = json.loads(path.read_text(encoding="ascii"))
                yield programs, bursts, executions
