"""The linters as tests, so that one command judges the whole project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.tree import ROOMS, ROOT

_TOOLS = Path(sys.executable).parent  # where the environment that runs the tests keeps its commands
_FORBIDDEN_IMPORTS = (
    ("model", "system_under_test"),
    ("model", "machines"),
    ("model", "trio"),
    ("model", "hypothesis"),
    ("system_under_test", "model"),
    ("system_under_test", "machines"),
    ("system_under_test", "hypothesis"),
    ("machines", "tests"),
)
_AGREED_IMPORTS = (
    ("machines", "system_under_test"),
    ("machines", "model"),
    ("tests", "machines"),
    ("tests", "system_under_test"),
    ("tests", "model"),
)


def output_of_failure(tool: str, *arguments: str, folder: Path = ROOT) -> str:
    """What a tool prints when it finds something; an empty string when it finds nothing."""
    result = subprocess.run(  # noqa: S603 - the command is written in this file
        [str(_TOOLS / tool), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if result.returncode == 0 else result.stdout + result.stderr


def expect_nothing_found(tool: str, *arguments: str, folder: Path = ROOT) -> None:
    """Fail with all that the tool printed, and nothing else, when it finds something."""
    output = output_of_failure(tool, *arguments, folder=folder)
    if output:
        pytest.fail(output, pytrace=False)


def write_rooms(folder: Path, importer: str, imported: str) -> None:
    """A project with the real contracts, four empty rooms and one import, a level down in its room."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for room in ROOMS:
        (folder / room).mkdir()
        (folder / room / "__init__.py").touch()
    (folder / importer / "inner.py").write_text(f"import {imported}\n", encoding="utf-8")


def test_ruff_finds_nothing() -> None:
    """Ruff, with every rule but the excepted ones, finds nothing."""
    expect_nothing_found("ruff", "check", "--output-format=concise", "--no-cache")


def test_everything_is_formatted() -> None:
    """Every Python file is as the formatter would write it."""
    expect_nothing_found("ruff", "format", "--check", "--no-cache")


def test_mypy_strict_finds_nothing() -> None:
    """Mypy, strict, finds nothing in the four rooms."""
    expect_nothing_found("mypy")


def test_rooms_import_only_along_the_agreed_arrows() -> None:
    """Machines import the model and the system, tests import everything, and nothing else crosses a room."""
    expect_nothing_found("lint-imports", "--no-cache", "--no-logo")


@pytest.mark.parametrize(("importer", "imported"), _FORBIDDEN_IMPORTS)
def test_a_forbidden_import_is_found(tmp_path: Path, importer: str, imported: str) -> None:
    """An import against the arrows, put into a copy of the rooms, is reported."""
    write_rooms(tmp_path, importer, imported)
    output = output_of_failure("lint-imports", "--no-cache", "--no-logo", folder=tmp_path)
    assert f"{importer} is not allowed to import {imported}" in output


@pytest.mark.parametrize(("importer", "imported"), _AGREED_IMPORTS)
def test_an_agreed_import_is_allowed(tmp_path: Path, importer: str, imported: str) -> None:
    """An import along the arrows is not reported."""
    write_rooms(tmp_path, importer, imported)
    expect_nothing_found("lint-imports", "--no-cache", "--no-logo", folder=tmp_path)
