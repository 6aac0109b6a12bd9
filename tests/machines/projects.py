"""Small projects of machines, in folders of their own, run by pytest as their authors would run them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from machines.run_record import FOLDER, LAST_RUN
from tests.project.tree import ROOT

COUNTING = '''\
from tests.machines.toy import SteadyMachine


class Counting(SteadyMachine):
    """Clients count."""
'''
LOSING = '''\
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.counterexample.toy import CounterMachine, Increment

INCREMENTS = st.sampled_from((Increment("a"), Increment("b")))


class Losing(CounterMachine):
    """Clients count, and lose an increment."""

    @rule(burst=st.lists(INCREMENTS, min_size=2, max_size=3))
    def count_at_once(self, burst):
        self.interleave([[operation] for operation in burst])
'''
_SECONDS = re.compile(r'"seconds": [0-9.e-]+')


@frozen
class Ran:
    """How a run of pytest ended: its exit status and all that it printed."""

    status: int
    output: str

    def section(self, title: str) -> list[str]:
        """The lines below the heading of that title."""
        lines = self.output.splitlines()
        headings = [number for number, line in enumerate(lines) if line.startswith(("====", "----"))]
        start = next(number for number in headings if f" {title} " in lines[number])
        end = next((number for number in headings if number > start), len(lines))
        return lines[start + 1 : end]


@frozen
class Project:
    """A folder with machines in it."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, **modules: str) -> Project:
        """The project with these modules, by name."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        return cls(folder)

    def run(self, *arguments: str, **variables: str) -> Ran:
        """Run pytest there, with few variables in its environment."""
        result = subprocess.run(  # noqa: S603 - the command under test
            [sys.executable, "-m", "pytest", "-p", "machines.plugin", *arguments],
            cwd=self.folder,
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Ran(result.returncode, result.stdout)

    @property
    def record(self) -> str:
        """The record of the last run, without the seconds that it took."""
        return _SECONDS.sub("", (self.folder / FOLDER / LAST_RUN).read_text(encoding="utf-8"))

    @property
    def counted(self) -> dict[str, Any]:
        """The counts of the only machine of the last run."""
        [counts] = json.loads((self.folder / FOLDER / LAST_RUN).read_text(encoding="utf-8"))[
            "machines"
        ].values()
        return dict(counts)

    @property
    def counterexamples(self) -> list[Path]:
        """The counterexamples saved, relative to the project."""
        return [
            path.relative_to(self.folder) for path in (self.folder / FOLDER / "counterexamples").glob("*")
        ]


def environment(**variables: str) -> dict[str, str]:
    """The environment of a run: nothing of ours but what it takes to find the programs."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "100", **variables}


def on_a_terminal(command: list[str], folder: Path) -> tuple[int, str]:
    """Run a command on a terminal of its own: its exit status and all that it wrote."""
    terminal, end = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - the command under test
        command, stdin=end, stdout=end, stderr=end, env=environment(TERM="xterm-256color"), cwd=folder
    ) as running:
        os.close(end)
        data = b""
        with suppress(OSError):  # that is how the end of a terminal looks
            while part := os.read(terminal, 65_536):
                data += part
        os.close(terminal)
    return running.returncode, data.decode()
