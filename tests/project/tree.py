"""The project's own files, found by walking the tree, so that its tests need no version control."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("model", "system_under_test", "machines", "tests")
_MADE_BY_TOOLS = {"__pycache__", "build", "dist"}
_HIDDEN_AND_OURS = {".ci", ".github"}


def is_made_by_tools(path: Path) -> bool:
    """Whether a file or folder is a cache, a build or an environment, and no part of the project."""
    return (
        path.name in _MADE_BY_TOOLS
        or path.name.endswith(".egg-info")
        or (path.is_dir() and path.name.startswith(".") and path.name not in _HIDDEN_AND_OURS)
        or (path / "pyvenv.cfg").exists()
    )


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project, hidden ones at the top included, in a fixed order."""
    return tuple(sorted(_walk(ROOT)))


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        at = Path(here)
        folders[:] = [name for name in folders if not is_made_by_tools(at / name)]
        yield from (at / name for name in files)


@cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """The Python files under the named folders (from the top of the project), or of all rooms."""
    tops = tuple(ROOT / folder for folder in folders or ROOMS)
    return tuple(
        path
        for path in project_files()
        if path.suffix == ".py" and any(path.is_relative_to(top) for top in tops)
    )


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def shown(path: Path) -> str:
    """A path as a message names it: from the top of the project, with forward slashes."""
    return path.relative_to(ROOT).as_posix()
