"""`pytest machines --replay FILE` runs one execution again, and says how it fared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.machines.projects import LOSING, Project

_CURED = "from tests.machines.toy import SteadySubject\n" + LOSING.replace(
    '    """Clients count, and lose an increment."""\n',
    '    """Clients count, and nothing is lost."""\n\n    subject = SteadySubject()\n',
)


@pytest.fixture(scope="module")
def losing(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose machine has found something, and saved it."""
    project = Project.of(tmp_path_factory.mktemp("losing"), test_losing=LOSING)
    assert project.run("--shards=1", "--programs=5").status == 1
    return project


@pytest.fixture
def file(losing: Project) -> Path:
    """The counterexample saved."""
    [path] = losing.counterexamples
    return path


def test_a_good_file_fails_in_the_same_way(losing: Project, file: Path) -> None:
    """The execution of the file runs again, alone, and fails as it did, with the whole report."""
    ran = losing.run("--replay", str(file))
    assert ran.status == 1
    assert f"{file.name} F" in ran.output
    assert "fails the same way: no_increment_is_lost" in ran.output
    assert "the model answers 2, the system answered 1" in ran.output
    assert f"pytest machines --replay {file}" in ran.output
    assert "1 failed" in ran.output.splitlines()[-1]


def test_a_replay_counts_for_nothing(losing: Project, file: Path) -> None:
    """A replay leaves the record of the last run alone, and prints no summary of its own."""
    before = losing.record
    assert "distinct outcomes" not in losing.run("--replay", str(file)).output
    assert losing.record == before


def test_a_failure_that_is_gone_passes_and_says_so(losing: Project, file: Path, tmp_path: Path) -> None:
    """A replay that no longer fails passes, and names what it was that is gone."""
    cured = Project.of(tmp_path, test_losing=_CURED)
    document = json.loads((losing.folder / file).read_text(encoding="utf-8"))
    del document["checksum"]
    for phase in document["phases"]:
        del phase["schedule"]
    (tmp_path / "old.json").write_text(json.dumps(document), encoding="utf-8")
    ran = cured.run("--replay", "old.json")
    assert ran.status == 0, ran.output
    first, second, *_ = ran.section("replay")
    assert first == "old.json: no longer fails"
    assert second.startswith(
        "  recorded: no_increment_is_lost: No order of the calls explains their answers."
    )


def test_a_schedule_that_does_not_fit_any_more_fails(losing: Project, file: Path, tmp_path: Path) -> None:
    """Where the system takes other steps than recorded, the replay cannot tell, and does not pass."""
    cured = Project.of(tmp_path, test_losing=_CURED)
    ran = cured.run("--replay", str(losing.folder / file))
    assert ran.status == 1
    assert "schedule diverged: " in ran.output


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "there is no such file"),
        ("{", "not JSON: line 1"),
        ("{}", "this is no counterexample of Tandem"),
    ],
)
def test_a_file_that_is_no_use_is_refused_in_a_line(
    losing: Project, text: str | None, complaint: str
) -> None:
    """A missing, cut or foreign file fails with one line that names it, and no traceback."""
    path = losing.folder / "other.json"
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text, encoding="utf-8")
    ran = losing.run("--replay", "other.json")
    assert ran.status == 1
    said = ran.section("FAILURES")
    assert said[0].strip("_ ") == "replay of other.json"
    assert said[1].startswith(f"{path}: {complaint}")
    assert len(said) == 2
