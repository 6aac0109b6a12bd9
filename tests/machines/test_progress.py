"""The progress line is there on a terminal, adds up over processes, and leaves nothing behind."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest

from machines import progress
from machines.progress import ProgressLine, reporter
from machines.run_record import FOLDER
from machines.tally import Tally
from tests.machines.projects import COUNTING, Project, on_a_terminal

_PYTEST = [sys.executable, "-m", "pytest", "-p", "machines.plugin", "--shards=2", "--programs=6"]


class Terminal(StringIO):
    """A stream that says it is a terminal, and has no descriptor."""

    def isatty(self) -> bool:
        """It does."""
        return True


def test_a_terminal_shows_the_line_and_is_left_clean(tmp_path: Path) -> None:
    """On a terminal the line is shown, wiped at the end, and its folder is gone."""
    project = Project.of(tmp_path, test_counting=COUNTING)
    status, printed = on_a_terminal(_PYTEST, project.folder)
    assert status == 0, printed
    assert " programs, " in printed[printed.index("exploring: ") :]
    end = printed.rindex("exploring: ")
    assert printed[end:].split("\r\n", 1)[1].startswith("\x1b[?25h\r\x1b[1A\x1b[2K")
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["last-run.json"]


def test_a_pipe_sees_no_line(tmp_path: Path) -> None:
    """Where there is no terminal nothing is shown, and no process writes its counts."""
    project = Project.of(tmp_path, test_counting=COUNTING)
    ran = project.run("--shards=2", "--programs=6")
    assert "exploring" not in ran.output
    assert "\x1b" not in ran.output
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["last-run.json"]


def test_counts_are_noted_only_if_somebody_looks(tmp_path: Path) -> None:
    """A reporter writes into the folder if it is there, and makes none."""
    reporter(tmp_path, "shard")(Tally(programs=1))
    assert list(tmp_path.iterdir()) == []


def test_the_line_adds_up_what_the_processes_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts of all files are added; one that is half written is left out."""
    monkeypatch.setattr(progress, "_EVERY_SECONDS", -1)
    (tmp_path / "progress").mkdir()
    reporter(tmp_path, "a::shard-0")(Tally(programs=1_000, bursts=2, executions=30))
    reporter(tmp_path, "a::shard-1")(Tally(programs=1, bursts=3, executions=5))
    (tmp_path / "progress" / "half").write_text("[1, 2", encoding="ascii")
    line = str(ProgressLine(tmp_path, StringIO())._line())
    assert line.startswith("exploring: 1,001 programs, 5 bursts, 35 executions, ")


def test_the_last_note_of_a_shard_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard that reports again replaces what it has noted before."""
    monkeypatch.setattr(progress, "_EVERY_SECONDS", -1)
    (tmp_path / "progress").mkdir()
    note = reporter(tmp_path, "shard")
    note(Tally(programs=1))
    note(Tally(programs=2))
    assert str(ProgressLine(tmp_path, StringIO())._line()).startswith("exploring: 2 programs, ")


def test_a_folder_that_cannot_be_made_costs_the_line_and_no_more(tmp_path: Path) -> None:
    """Where the folder cannot be made there is no line, and the run goes on."""
    (tmp_path / "blocked").write_text("", encoding="ascii")
    line = ProgressLine(tmp_path / "blocked", Terminal())
    line.prepare()
    line.show()
    line.end()
    assert not line.wanted
