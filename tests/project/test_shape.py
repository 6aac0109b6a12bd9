"""The shape of the tree: what lies at its top, how long things may be, and what no file may name."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.tree import ROOMS, ROOT, is_made_by_tools, parsed, project_files, python_files, shown

_TOP_LEVEL = {*ROOMS, "ci", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"}
_FUNCTION_LINES_MAX = 70
_FILE_LINES_MAX = 500
# Written so that neither pattern matches this file.
_REGISTRY_HOST = re.compile(r"\b(?:pypi|pythonhosted|anaconda|npmjs|crates)\.(?:org|com|io)\b")
_MACHINE_PATH = re.compile(r"(?<![\w.>}])/(?:home|root|Users|work|mnt|tmp)/")


def matches(pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern occurs in the files of the project, as `path:line: text`."""
    return [
        f"{shown(path)}:{number}: {line.strip()}"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def libraries(room: str) -> set[str]:
    """The top-level modules that a room imports, its own and the standard library's left out."""
    nodes = [node for path in python_files(room) for node in ast.walk(parsed(path))]
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    from_others = {
        node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    return {name.partition(".")[0] for name in plain | from_others} - sys.stdlib_module_names - {room}


def long_functions(path: Path) -> Iterator[str]:
    """The functions of a file that are longer than allowed, decorators not counted."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > _FUNCTION_LINES_MAX:
                yield f"{shown(path)}:{node.lineno}: {node.name} has {lines} lines"


def test_the_top_level_is_as_agreed() -> None:
    """At the top lie the rooms, how they are run and described, and hidden files; nothing else."""
    there = {
        path.name for path in ROOT.iterdir() if not path.name.startswith(".") and not is_made_by_tools(path)
    }
    assert there == _TOP_LEVEL


def test_no_file_names_a_package_registry() -> None:
    """Packages come from wherever pip is configured to look; no file names a registry's host."""
    assert matches(_REGISTRY_HOST) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    """No file holds an absolute path that exists on its author's machine only."""
    assert matches(_MACHINE_PATH) == []


@pytest.mark.parametrize(
    ("room", "allowed"), [("model", {"attrs"}), ("system_under_test", {"apsw", "attrs", "trio"})]
)
def test_a_room_uses_few_libraries(room: str, allowed: set[str]) -> None:
    """The model needs attrs alone; the system needs attrs, trio and its database, as in production."""
    assert libraries(room) - allowed == set()


def test_every_module_says_what_it_is_for() -> None:
    """A module that is not empty opens with a docstring."""
    silent = [
        shown(path) for path in python_files() if parsed(path).body and not ast.get_docstring(parsed(path))
    ]
    assert silent == []


def test_functions_are_short() -> None:
    """No function has more than 70 lines."""
    assert [found for path in python_files() for found in long_functions(path)] == []


def test_files_fit_in_the_head() -> None:
    """No Python file has more than 500 lines."""
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {path: lines for path, lines in lengths.items() if lines > _FILE_LINES_MAX} == {}


def test_the_run_scripts_can_be_executed() -> None:
    """The run scripts are executable files that begin with a shell's name."""
    scripts = [ROOT / "ci" / "run", ROOT / ".ci" / "run"]
    assert [shown(script) for script in scripts if not script.stat().st_mode & 0o111] == []
    assert [script.read_text(encoding="utf-8").splitlines()[0] for script in scripts] == ["#!/bin/sh"] * 2
