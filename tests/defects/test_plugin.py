"""`--defect NAME` as its user sees it: in a process of its own, on a run of a few programs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MACHINE = ROOT / "machines" / "test_personality_edits.py"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the machine with both plugins from a folder that keeps what the run writes."""
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    plugins = ("-p", "machines.plugin", "-p", "tests.defects.plugin", "-p", "no:cacheprovider")
    command = (sys.executable, "-m", "pytest", "-c", str(folder / "pytest.ini"), *plugins, str(MACHINE))
    path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(  # noqa: S603 - this very Python, on this very project
        (*command, *arguments), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_machine_is_seen_to_catch_the_defect_in_every_worker(tmp_path: Path) -> None:
    """The header says what is wrong, the report names the invariant, and the counterexample is saved."""
    ended = run(tmp_path, "--defect=principal-replaced", "--programs=2", "--shards=2", "-n2")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "defect: principal-replaced - A message goes out in the name of the calling" in ended.stdout
    assert "2 failed" in ended.stdout
    assert "sent under another name" in ended.stdout
    (saved,) = (tmp_path / ".tandem" / "counterexamples").iterdir()
    assert "messages-carry-the-client-s-principal" in saved.name


def test_an_unknown_defect_is_an_error_before_anything_runs(tmp_path: Path) -> None:
    """The usage error names the nearest defect and all there are."""
    ended = run(tmp_path, "--defect=lost-updates")
    assert ended.returncode == 4
    assert "Did you mean lost-update?" in ended.stderr
    assert "stale-cache" in ended.stderr
