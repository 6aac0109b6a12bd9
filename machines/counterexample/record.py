"""Counterexamples as values and as files: written whole or not at all, and refused with a reason when unfit.

A file is JSON that a person can read and change. It opens with what it is and the number of its format; a
checksum over everything else tells a file that was damaged from one that is as it was written. The checksum
is of the content, not of the bytes: laying the file out anew changes nothing, and whoever changes the content
on purpose deletes the line.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

from attrs import frozen

from machines.counterexample.encoding import Content, decode, encode
from machines.counterexample.errors import (
    CounterexampleError,
    DamagedError,
    ForeignError,
    MalformedError,
    NotFoundError,
    NotSavedError,
    OutdatedError,
    UnknownMachineError,
)
from machines.invariants import Finding
from machines.program import Program

FORMAT = 1
_MARK = {"tandem": "counterexample"}
_LIBRARIES = ("tandem-machines", "hypothesis", "trio", "apsw")
_NAME_CHARACTERS_MAX = 80


@frozen
class Counterexample:
    """A program that violates an invariant: all phases pinned to their schedules, the last one fails.

    `executions` is how many had been judged when it was found; `versions` what it was found with.
    """

    program: Program
    finding: Finding
    executions: int
    versions: dict[str, str]
    format: int = FORMAT

    @classmethod
    def of(cls, program: Program, finding: Finding, executions: int) -> Counterexample:
        """A counterexample found just now."""
        return cls(program, finding, executions, dict(versions()))

    @property
    def file_name(self) -> str:
        """`machine-invariant-digest.json`; the digest, of eight hexadecimal digits, is the program's."""
        program = self._content()
        digest = _digest({key: program[key] for key in ("machine", "phases")}, size_bytes=4)
        machine = self.program.machine.partition(":")[2]
        words = f"{_kebab(machine)}-{_kebab(self.finding.invariant)}"[:_NAME_CHARACTERS_MAX]
        return f"{words.strip('-')}-{digest}.json"

    def as_json(self) -> str:
        """The text of the file, in ASCII, so that it survives every editor and terminal."""
        content = {"format": self.format, **self._content()}
        checksum = {"checksum": _digest({**_MARK, **content})}
        return json.dumps({**_MARK, **checksum, **content}, indent=2, allow_nan=False) + "\n"

    def _content(self) -> dict[str, Any]:
        program = self.program
        return encode(
            Content(program.machine, self.finding, program.phases, self.executions, dict(self.versions))
        )

    def save(self, folder: Path) -> Path:
        """Write the file into a folder, made if need be; gives its path. Raises `NotSavedError`.

        The file is there whole or not at all; the same counterexample has the same name.
        """
        path, text = folder / self.file_name, self.as_json()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_whole(path, text.encode("ascii"))
        except OSError as error:
            raise NotSavedError(
                f"{path}: the counterexample could not be saved ({error.strerror or error}). "
                f"This is what the file would hold; keep it under any name to replay it:\n{text}"
            ) from error
        return path

    @classmethod
    def load(cls, path: Path) -> Counterexample:
        """The counterexample of a file; raises a `CounterexampleError` that says what is wrong with it."""
        try:
            document = _checked(_parsed(_read(path)))
            content = decode(document, operations_of(machine_named(document.get("machine"))))
        except CounterexampleError as error:
            raise type(error)(f"{path}: {error}") from error
        except RecursionError as error:
            raise MalformedError(f"{path}: nested too deeply") from error
        program = Program(content.machine, content.phases)
        return cls(program, content.finding, content.executions, content.versions)


def machine_named(name: object) -> Any:
    """The machine class that `module:Class` names; raises `UnknownMachineError`."""
    if not isinstance(name, str) or not name.partition(":")[2]:
        _no_machine(name, "a machine is named as module:Class")
    module, _, path = str(name).partition(":")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - a module may fail to import in any way, and the reader needs to know
        _no_machine(name, f"{module} cannot be imported ({type(error).__name__}: {error})", error)
    for part in path.split("."):
        found = getattr(found, part, None)
    if not (isinstance(found, type) and hasattr(found, "subject") and hasattr(found, "replay")):
        _no_machine(name, f"{module} has no machine called {path}")
    return found


def _no_machine(name: object, why: str, cause: Exception | None = None) -> NoReturn:
    raise UnknownMachineError(
        f"the machine {name!r} is unknown: {why}. Run from the project that has it; if it was renamed, "
        "change `machine` in the file and delete the line with `checksum`"
    ) from cause


def operations_of(machine: Any) -> tuple[type, ...]:
    """The operations that clients of a machine's subject may ask for."""
    operations: tuple[type, ...] = machine.subject.operations
    return operations


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """What is running here, by name."""
    installed = [(name, _installed(name)) for name in _LIBRARIES]
    return (("python", platform.python_version()), *installed)


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _write_whole(path: Path, data: bytes) -> None:
    """Stage the bytes beside the file, then rename; the stage of a write that failed is taken away."""
    stage = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with stage.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(stage, path)  # noqa: PTH105 - the very call that is atomic
    except OSError:
        with suppress(OSError):
            stage.unlink()
        raise


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError("there is no such file") from error
    except OSError as error:
        raise NotFoundError(f"cannot be read: {error.strerror or error}") from error


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise MalformedError(f"not JSON: byte {error.start} is no UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise MalformedError(f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except ValueError as error:
        raise MalformedError(f"not JSON that can be read: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _checked(document: Any) -> dict[str, Any]:
    """The content of a document, which must be ours, of our format, and as it was written."""
    if not isinstance(document, dict) or any(document.get(key) != value for key, value in _MARK.items()):
        raise ForeignError(
            'this is no counterexample of Tandem: it does not open with "tandem": "counterexample"'
        )
    _check_format(document)
    content = {key: value for key, value in document.items() if key != "checksum"}
    if "checksum" in document and document["checksum"] != _digest(content):
        raise DamagedError(
            "the content is not what was written: the file was edited or damaged. If you edited it on "
            "purpose, delete the line with `checksum` and it will be taken as it is"
        )
    return {key: value for key, value in content.items() if key not in {*_MARK, "format"}}


def _check_format(document: dict[str, Any]) -> None:
    found = document.get("format")
    if type(found) is int and found == FORMAT:
        return
    if type(found) is not int:
        raise ForeignError(f"its format is {found!r}, which is no number of a format of Tandem")
    by = f"tandem-machines {_written_by(document)}"
    age, remedy = ("newer", f"upgrade to {by}") if found > FORMAT else ("older", f"replay it with {by}")
    raise OutdatedError(
        f"format {found} is {age} than format {FORMAT}, the only one that this version reads: {remedy}, "
        "which wrote it, or let the machine find it again"
    )


def _written_by(document: dict[str, Any]) -> str:
    recorded = document.get("versions")
    version = recorded.get("tandem-machines") if isinstance(recorded, dict) else None
    return version if isinstance(version, str) else "of the version"


def _digest(data: Any, size_bytes: int = 8) -> str:
    """Of JSON data, whatever its layout and the order of its keys."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode("ascii"), digest_size=size_bytes).hexdigest()


def _kebab(name: str) -> str:
    """`PersonalityEdits` and `personality_edits` as `personality-edits`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-")
