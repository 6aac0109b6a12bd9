"""A disk that fills up during a run loses nothing: what cannot be saved is printed, and the run fails."""

from __future__ import annotations

import json
from pathlib import Path

from machines.counterexample.record import FORMAT
from tests.machines.projects import COUNTING, LOSING, Project

FULL_DISK = """\
import errno
import os
from pathlib import Path

def full(*_args, **_options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

os.fsync = full
usual = Path.write_text

def write_text(path, *args, **options):
    return full() if ".tandem" in path.parts else usual(path, *args, **options)

Path.write_text = write_text
"""
NIGHTLY = ("-p", "full_disk", "--hypothesis-profile=nightly", "--shards=1", "--programs=5", "--executions=20")


def without_cache(project: Project) -> None:
    """Let pytest fail to write its cache, where that warning, as every other, is an error."""
    (project.folder / ".pytest_cache").write_text("in the way", encoding="ascii")
    (project.folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="ascii")


def test_a_record_that_cannot_be_saved_is_printed(tmp_path: Path) -> None:
    """The counts of a run are printed whole where they cannot be saved, and the run does not end green."""
    project = Project.of(tmp_path, test_counting=COUNTING, full_disk=FULL_DISK)
    without_cache(project)
    ran = project.run(*NIGHTLY)
    assert ran.status == 1
    assert "1 passed" in ran.output
    said = ran.section("NOT SAVED")
    assert "could not be saved" in said[0]
    assert "No space left on device" in said[0]
    record = json.loads("\n".join(said[1:]))
    assert record["profile"] == "nightly"
    assert record["machines"]["test_counting:Counting"]["executions"] > 0
    assert not list((tmp_path / ".tandem").iterdir())


def test_a_counterexample_that_cannot_be_saved_is_printed(tmp_path: Path) -> None:
    """The text of the file is printed below the report, and replays from wherever it is put."""
    project = Project.of(tmp_path, test_losing=LOSING, full_disk=FULL_DISK)
    ran = project.run(*NIGHTLY)
    assert ran.status == 1
    assert "INTERNALERROR" not in ran.output
    assert "the model answers 2, the system answered 1" in ran.output
    assert "the counterexample could not be saved (No space left on device)" in ran.output
    text = ran.output.split("keep it under any name to replay it:\n")[1]
    document, _ = json.JSONDecoder().raw_decode(text)
    assert document["format"] == FORMAT
    (tmp_path / "kept.json").write_text(json.dumps(document), encoding="utf-8")
    assert "fails the same way" in project.run("--replay", "kept.json").output
