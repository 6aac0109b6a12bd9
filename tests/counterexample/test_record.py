"""Counterexamples are kept as files that a person can read, and come back as they were."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import NoReturn

import pytest
from attrs import evolve
from hypothesis import given

from machines.counterexample.errors import NotSavedError
from machines.counterexample.record import Counterexample
from machines.program import Program
from tests.counterexample.programs import FEW, FINDING, PROGRAM, small


@FEW
@given(program=PROGRAM)
def test_every_program_comes_back(tmp_path_factory: pytest.TempPathFactory, program: Program) -> None:
    """What is saved is loaded again, equal in every value and its type."""
    counterexample = Counterexample.of(program, FINDING, 7)
    path = counterexample.save(tmp_path_factory.getbasetemp() / "programs")
    assert Counterexample.load(path) == counterexample


def test_the_file_is_readable() -> None:
    """It says what it is, names operations, faults and criteria, and leaves defaults out."""
    document = json.loads(small().as_json())
    assert list(document)[:3] == ["tandem", "checksum", "format"]
    assert document["finding"]["criteria"][0]["text"].startswith("Optimistic locking prevents")
    assert document["phases"] == [
        {
            "clients": [
                [{"operation": "Update", "id": "x", "expected_version": 1, "changes": {"humor": 5}}],
                [{"operation": "Get", "id": "x"}],
            ],
            "faults": {"crashes": 1},
            "schedule": "0*2 crash power 1",
        }
    ]


def test_the_versions_are_kept() -> None:
    """The file says with which libraries it was found."""
    assert list(small().versions) == ["python", "tandem-machines", "hypothesis", "trio", "apsw"]


def test_the_name_says_what_it_is(tmp_path: Path) -> None:
    """The name of the file is made of the machine, the invariant and eight digits of the program."""
    path = small().save(tmp_path / "new" / "folder")
    assert path.name == "personality-stand-in-versions-have-no-gaps-6d6f7ea7.json"


def test_the_same_counterexample_has_the_same_file(tmp_path: Path) -> None:
    """Saving twice leaves one file; another program has another one."""
    first, second = small().save(tmp_path), small().save(tmp_path)
    other = evolve(small(), program=small().program.then(small().program.phases[0]))
    assert first == second != other.save(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Where the file cannot be written, the error holds its whole text, and no half of a file is left."""
    monkeypatch.setattr(os, call, _full)
    with pytest.raises(NotSavedError, match=r"could not be saved .No space left on device") as caught:
        small().save(tmp_path)
    assert small().as_json() in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is replaced whole or not at all."""
    path = small().save(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", _full)
    with pytest.raises(NotSavedError):
        evolve(small(), executions=99).save(tmp_path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_loses_nothing(tmp_path: Path) -> None:
    """Where the folder cannot be made, the error holds the text as well."""
    (tmp_path / "file").touch()
    with pytest.raises(NotSavedError, match="keep it under any name"):
        small().save(tmp_path / "file" / "folder")


def _full(*_: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
