"""`tandem judge`, as its users run it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from machines.command import main
from tests.judging.histories import GOOD, STALE_READ, event


def history(folder: Path, lines: list[str]) -> str:
    """A file of these lines."""
    path = folder / "history.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_a_history_that_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 0, what was judged and the time."""
    assert main(["judge", "linearizability", history(tmp_path, GOOD), "--specification", "register"]) == 0
    told = capsys.readouterr().out
    assert re.fullmatch(r"HOLDS: linearizability of 2 calls of a register, judged in \d+\.\d ms\n", told)


def test_a_history_that_is_violated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, the reason in words, and where it stands in the file."""
    path = history(tmp_path, STALE_READ)
    assert main(["judge", "linearizability", path, "--specification", "register"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[1:] == [
        "No order of the calls explains their answers. These cannot all be true:",
        "  process 3 Read(key=None) -> None",
        "given when these were called and took effect:",
        "  process 1 Write(key=None, value=5) -> None",
        "The longest attempt:",
        "  process 1 Write(key=None, value=5) -> None",
        "  process 2 Read(key=None) -> 5",
        "  then process 3 Read(key=None):",
        "    the model answers 5, the system answered None",
        "Where in the file:",
        "  process 3 Read(key=None): lines 5 and 6",
    ]


def test_a_history_that_is_unknown(tmp_path: Path) -> None:
    """Exit status 2."""
    lines = [event(each, "invoke", "write", each) for each in range(9)]
    lines += [event(each, "ok", "write", None) for each in range(9)]
    lines += [event(9, "invoke", "read"), event(9, "ok", "read", 77)]
    path = history(tmp_path, lines)
    assert main(["judge", "linearizability", path, "--specification", "register", "--steps-max", "20"]) == 2


def test_a_history_that_is_no_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 3, and the reason: a malformed line, a missing file, something that is no text."""
    path = history(tmp_path, [*GOOD, "{"])
    assert main(["judge", "linearizability", path, "--specification", "register"]) == 3
    assert capsys.readouterr().err.startswith(f"tandem judge: {path}: line 5: not JSON: ")
    assert main(["judge", "linearizability", str(tmp_path / "none"), "--specification", "register"]) == 3
    assert capsys.readouterr().err.endswith("none: No such file or directory\n")
    (tmp_path / "noise").write_bytes(b"\xff\xfe\x00")
    assert main(["judge", "linearizability", str(tmp_path / "noise"), "--specification", "register"]) == 3
    assert "not text" in capsys.readouterr().err


def test_a_question_that_is_no_use() -> None:
    """Exit status 3 too: 2 would say that the verdict is unknown."""
    with pytest.raises(SystemExit) as ended:
        main(["judge", "everything", "history.jsonl"])
    assert ended.value.code == 3


def test_the_verdict_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the witness and its lines."""
    path = history(tmp_path, STALE_READ)
    assert main(["judge", "linearizability", path, "--specification", "register", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "violated"
    assert told["witness"] == [{"index": 2, "what": "process 3 Read(key=None)", "lines": [5, 6]}]
    assert told["support"] == [{"index": 0, "what": "process 1 Write(key=None, value=5)", "lines": [1, 2]}]
    assert told["milliseconds"] > 0


def test_a_page_is_written_beside_the_verdict(tmp_path: Path) -> None:
    """Where `--page` says."""
    page = tmp_path / "out.html"
    path = history(tmp_path, STALE_READ)
    assert main(["judge", "linearizability", path, "--specification", "register", "--page", str(page)]) == 1
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
