"""A file that is no fit counterexample is refused, with the reason and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.counterexample import errors
from machines.counterexample.record import Counterexample
from tests.counterexample.programs import FEW, JSON, small

Change = Callable[[dict[str, Any]], object]


def refusal(tmp_path: Path, text: str | bytes, kind: type[errors.CounterexampleError]) -> str:
    """The message with which a file of this text is refused, without its path."""
    path = tmp_path / "file.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(errors.CounterexampleError) as caught:
        Counterexample.load(path)
    assert type(caught.value) is kind
    prefix = f"{path}: "
    assert str(caught.value).startswith(prefix)
    return str(caught.value).removeprefix(prefix)


def changed(change: Change, *, signed: bool = False) -> str:
    """The text of a good file with a change; without its checksum unless it stays `signed`."""
    document = json.loads(small().as_json())
    if not signed:
        del document["checksum"]
    change(document)
    return json.dumps(document)


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is said not to be there."""
    with pytest.raises(errors.NotFoundError, match=r"none\.json: there is no such file"):
        Counterexample.load(tmp_path / "none.json")


def test_a_folder(tmp_path: Path) -> None:
    """What cannot be read is said to be unreadable."""
    with pytest.raises(errors.NotFoundError, match="cannot be read: "):
        Counterexample.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n "a": }', "not JSON: line 2, column 7: Expecting value"),
        ("", "not JSON: line 1, column 1: Expecting value"),
        (b'{"a": "\xff"}', "not JSON: byte 7 is no UTF-8 text"),
        ("[NaN]", "not JSON that can be read: NaN is no JSON value"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_not_json(tmp_path: Path, text: str | bytes, message: str) -> None:
    """A file that is not JSON is refused with the place where it goes wrong."""
    assert refusal(tmp_path, text, errors.MalformedError) == message


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"tandem": "tally"}', '{"name": "package", "format": 1}'])
def test_foreign(tmp_path: Path, text: str) -> None:
    """JSON of another kind is refused as such."""
    expected = 'this is no counterexample of Tandem: it does not open with "tandem": "counterexample"'
    assert refusal(tmp_path, text, errors.ForeignError) == expected


@pytest.mark.parametrize("number", [None, "1", True, 1.0])
def test_no_format(tmp_path: Path, number: object) -> None:
    """A format that is no whole number is not one of ours."""
    text = changed(lambda document: document.update(format=number))
    expected = f"its format is {number!r}, which is no number of a format of Tandem"
    assert refusal(tmp_path, text, errors.ForeignError) == expected


@pytest.mark.parametrize(
    ("number", "age", "remedy"),
    [(2, "newer", "upgrade to tandem-machines 9.1.0"), (0, "older", "replay it with tandem-machines 9.1.0")],
)
def test_another_format(tmp_path: Path, number: int, age: str, remedy: str) -> None:
    """A newer or an older format is refused with the version that reads it."""

    def change(document: dict[str, Any]) -> None:
        document["format"] = number
        document["versions"]["tandem-machines"] = "9.1.0"

    assert refusal(tmp_path, changed(change, signed=True), errors.OutdatedError) == (
        f"format {number} is {age} than format 1, the only one that this version reads: {remedy}, "
        "which wrote it, or let the machine find it again"
    )


def test_damaged(tmp_path: Path) -> None:
    """A changed content is refused, with the way to have it accepted."""
    text = changed(lambda document: document.update(executions=13), signed=True)
    assert refusal(tmp_path, text, errors.DamagedError) == (
        "the content is not what was written: the file was edited or damaged. If you edited it on purpose, "
        "delete the line with `checksum` and it will be taken as it is"
    )


def test_an_edit_on_purpose_is_taken(tmp_path: Path) -> None:
    """Without its checksum, a changed file is taken as it is."""
    path = tmp_path / "edited.json"
    path.write_text(changed(lambda document: document.update(executions=13)))
    assert Counterexample.load(path).executions == 13


def test_another_layout_is_no_damage(tmp_path: Path) -> None:
    """The checksum is of the content, not of blanks and the order of keys."""
    path = tmp_path / "laid-out.json"
    path.write_text(json.dumps(json.loads(small().as_json()), sort_keys=True, indent=7))
    assert Counterexample.load(path) == small()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (None, "a machine is named as module:Class"),
        ("machines.machine", "a machine is named as module:Class"),
        ("no.such:Machine", "no.such cannot be imported (ModuleNotFoundError: No module named 'no')"),
        ("tests.counterexample.toy:Nobody", "tests.counterexample.toy has no machine called Nobody"),
        ("tests.counterexample.toy:Increment", "tests.counterexample.toy has no machine called Increment"),
    ],
)
def test_unknown_machine(tmp_path: Path, name: str | None, why: str) -> None:
    """A machine that cannot be found is named, with the reason."""
    text = changed(lambda document: document.update(machine=name))
    message = refusal(tmp_path, text, errors.UnknownMachineError)
    assert message.startswith(f"the machine {name!r} is unknown: {why}. Run from the project that has it")


def _first(document: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = document["phases"][0]["clients"][0][0]
    return operation


def test_unknown_operation(tmp_path: Path) -> None:
    """An operation that the subject does not have is named, with those that it has."""
    text = changed(lambda document: _first(document).update(operation="Upsert"))
    assert refusal(tmp_path, text, errors.UnknownOperationError) == (
        "phases[0].clients[0][0]: no operation is called 'Upsert'; there are Create, Delete, Get, GetAll, "
        "GetMany, Update"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda document: _first(document).update(ident="x"),
            "phases[0].clients[0][0]: Update: does not know 'ident'",
        ),
        (lambda document: _first(document).pop("id"), "phases[0].clients[0][0]: Update: id: is missing"),
        (
            lambda document: _first(document).update(id=5),
            "phases[0].clients[0][0]: Update: id: is 5, which is no str",
        ),
        (
            lambda document: _first(document).update(changes="humor"),
            "phases[0].clients[0][0]: Update: changes: is 'humor', which is no object",
        ),
        (
            lambda document: _first(document).pop("operation"),
            "phases[0].clients[0][0]: an operation is an object with the name of its class under 'operation'",
        ),
        (lambda document: document["phases"][0].pop("clients"), "phases[0].clients: is missing"),
        (lambda document: document.update(phases=[]), "phases: is empty, and no counterexample does nothing"),
        (lambda document: document.update(phases="xy"), "phases: is 'xy', which is no list"),
        (
            lambda document: document["phases"][0].update(faults={"meteors": 1}),
            "phases[0].faults: does not know 'meteors'",
        ),
        (
            lambda document: document["phases"][0].update(faults={"crashes": True}),
            "phases[0].faults.crashes: is True, which is no int",
        ),
        (
            lambda document: document["phases"][0].update(schedule="0 ?"),
            (
                "phases[0].schedule: word 2 of the schedule, '?', is neither a task (7, or 7*3 for three "
                "steps) nor a fault (crash)"
            ),
        ),
        (lambda document: document["finding"].pop("message"), "finding.message: is missing"),
        (lambda document: document.update(author="me"), "does not know 'author'"),
    ],
)
def test_wrong_field(tmp_path: Path, change: Change, message: str) -> None:
    """A field that is missing, unknown or of the wrong kind is named by its place."""
    assert refusal(tmp_path, changed(change), errors.WrongFieldError) == message


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document with each of its keys or indices."""
    if isinstance(node, dict | list):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            yield from _places(node[key])


@FEW
@given(data=st.data())
def test_no_edit_breaks_the_loader(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever stands in any place of a file, it is loaded or refused, and nothing else happens."""
    document = json.loads(small().as_json())
    del document["checksum"]
    node, key = data.draw(st.sampled_from(list(_places(document))))
    node[key] = data.draw(JSON)
    _load_or_refuse(tmp_path_factory, json.dumps(document).encode())


@FEW
@given(data=st.data())
def test_no_damage_breaks_the_loader(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever happens to the bytes of a file, it is loaded as it was or refused."""
    whole = small().as_json().encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(start + 9, len(whole))))
    damaged = whole[:start] + data.draw(st.binary(max_size=4)) + whole[end:]
    loaded = _load_or_refuse(tmp_path_factory, damaged)
    assert loaded in {None, small().file_name} or b'"checksum"' not in damaged


def _load_or_refuse(factory: pytest.TempPathFactory, text: bytes) -> str | None:
    path = factory.getbasetemp() / "edited.json"
    path.write_bytes(text)
    try:
        return Counterexample.load(path).file_name
    except errors.CounterexampleError:
        return None
