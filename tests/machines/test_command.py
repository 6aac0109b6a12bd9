"""The `tandem` command, as its users type it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from machines.command import BAD_INPUT, main
from machines.run_record import FOLDER, RunRecord
from machines.tally import Tally
from tests.machines.projects import environment, on_a_terminal

RECORD = RunRecord("dev", 7, (), {"m:M": Tally(exercised={"S0-AC3-2": {"versions_have_no_gaps": 40}})})
_COMMAND = [sys.executable, "-c", "import sys; from machines.command import main; sys.exit(main())"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which no machine has run, and which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_names_the_subcommands(capsys: pytest.CaptureFixture[str]) -> None:
    """`tandem --help` says what there is, and how the machines are run."""
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "acceptance the acceptance criteria and how often the last run exercised each" in text
    assert "`pytest -n auto machines`" in text


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """`tandem` alone is a usage error."""
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "the following arguments are required: COMMAND" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_acceptance_without_a_run_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Before the first run there is nothing to show: one line, and an exit status of its own."""
    assert main(["acceptance"]) == BAD_INPUT
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "tandem: there is no .tandem/last-run.json: run `pytest machines` first, in the project's folder\n"
    )


def test_acceptance_of_a_damaged_record_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record that is cut off is refused in one line."""
    path = RECORD.save(folder / FOLDER)
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    assert main(["acceptance"]) == BAD_INPUT
    assert capsys.readouterr().err.startswith("tandem: .tandem/last-run.json is not the record of a run (")


def test_acceptance_of_a_newer_format_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record written by a later version is refused, and not misread."""
    path = RECORD.save(folder / FOLDER)
    path.write_text(RECORD.as_json().replace('"format": 1', '"format": 9'), encoding="utf-8")
    assert main(["acceptance"]) == BAD_INPUT
    assert "has format 9, and this version of Tandem reads format 1" in capsys.readouterr().err


def test_acceptance_prints_the_last_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of the last run, and which run that was, as plain text where there is no terminal."""
    RECORD.save(folder / FOLDER)
    assert main(["acceptance"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 201
    assert "S0-AC3-2    exercised 40     versions_have_no_gaps" in lines
    assert lines[-1].startswith("profile dev, seed 7: 1 of 199 exercised")


def test_acceptance_prints_any_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--run` names the record of another run."""
    path = RECORD.save(folder / "elsewhere")
    assert main(["acceptance", "--run", str(path)]) == 0
    assert "profile dev, seed 7" in capsys.readouterr().out


def test_acceptance_on_a_terminal_is_coloured(folder: Path) -> None:
    """On a terminal the table has colours."""
    RECORD.save(folder / FOLDER)
    status, printed = on_a_terminal([*_COMMAND, "acceptance"], folder)
    assert status == 0
    assert "\x1b[32mS0-AC3-2" in printed
    assert "profile dev, seed 7" in printed


def test_a_reader_that_has_seen_enough_is_no_error(folder: Path) -> None:
    """A pipe that closes early, as that of `head` does, ends the command without a traceback."""
    RECORD.save(folder / FOLDER)
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(  # noqa: S603 - the command under test
        [*_COMMAND, "acceptance"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
        cwd=folder,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, b"")
