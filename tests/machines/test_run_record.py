"""The record of a run is a file that is whole, and that is refused with the reason when it is unfit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from machines.run_record import LAST_RUN, RunRecord, RunRecordError
from machines.tally import Tally

RECORD = RunRecord(
    "dev",
    7,
    ("--hypothesis-profile=dev", "--seed=7"),
    {"one:One": Tally(programs=3, exercised={"S0-AC3-2": {"x": 1}}), "two:Two": Tally(programs=4)},
)


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    """The text of the record after a change of its data."""
    data = json.loads(RECORD.as_json())
    change(data)
    return json.dumps(data)


def test_a_record_survives_as_a_file(tmp_path: Path) -> None:
    """What was saved is loaded as the same record, and nothing else is left in the folder."""
    path = RECORD.save(tmp_path / "new")
    assert path == tmp_path / "new" / LAST_RUN
    assert RunRecord.load(path) == RECORD
    assert list(path.parent.iterdir()) == [path]


def test_the_total_is_that_of_all_machines() -> None:
    """The counts of the machines add up."""
    assert RECORD.total.programs == 7


def test_a_write_that_fails_leaves_the_last_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new record cannot be put in its place the old one stays, and no half of the new one."""
    path = RECORD.save(tmp_path)
    monkeypatch.setattr(Path, "replace", _full)
    with pytest.raises(OSError, match="No space left"):
        RunRecord("ci", 1, (), {}).save(tmp_path)
    assert RunRecord.load(path) == RECORD
    assert list(tmp_path.iterdir()) == [path]


def _full(*_args: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not the record of a run (Expecting value"),
        ("[1]", 'is not the record of a run (it does not say "tandem": "run")'),
        ('{"tandem": "counterexample"}', 'is not the record of a run (it does not say "tandem": "run")'),
        (
            changed(lambda data: data.update(format=2)),
            "has format 2, and this version of Tandem reads format 1",
        ),
        (changed(lambda data: data.pop("format")), "a part is missing"),
        (changed(lambda data: data.pop("machines")), "a part is missing"),
        (changed(lambda data: data.update(machines=[1])), "is not the record of a run"),
        (
            changed(lambda data: data.update(seed="x")),
            "is not the record of a run (invalid literal for int()",
        ),
        (changed(lambda data: data["machines"]["two:Two"].update(bursts=-1)), "bursts cannot be -1"),
        (
            changed(lambda data: data["machines"]["two:Two"]["exercised"].update({"S0-AC3-22": {"x": 1}})),
            "no acceptance criterion is called 'S0-AC3-22'; did you mean",
        ),
        ("[" * 100_000, "is not the record of a run"),
        ("\x00\xff", "is not the record of a run"),
    ],
)
def test_an_unfit_file_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    """A file that is empty, foreign, of another format or altered is refused in one line that names it."""
    path = tmp_path / LAST_RUN
    path.write_text(text, encoding="latin-1")
    with pytest.raises(RunRecordError) as caught:
        RunRecord.load(path)
    assert str(caught.value).startswith(f"{path} ")
    assert reason in str(caught.value)
    assert "run `pytest machines` again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_record_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Without a record the reader is told how to get one."""
    with pytest.raises(RunRecordError, match=r"there is no .*last-run.json: run `pytest machines` first"):
        RunRecord.load(tmp_path / LAST_RUN)


def test_a_record_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A folder in the place of the record is refused, too."""
    with pytest.raises(RunRecordError, match="cannot be read: Is a directory"):
        RunRecord.load(tmp_path)
