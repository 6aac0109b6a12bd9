"""Environments of the contestants: each has one of its own, in a folder that is kept for the next time.

They are for this benchmark alone and no part of what the project needs. The folder is that of the environment
variable `TANDEM_PEERS`, or one for temporary files. What cannot be had is reported, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[3]
_PATIENCE_SECONDS = 600


class CannotBeHadError(Exception):
    """An environment could not be made, for the reason given."""


@frozen
class Environment:
    """The packages that a contestant needs, by the names under which its package manager knows them."""

    name: str
    packages: tuple[str, ...]
    node: bool = False

    @property
    def folder(self) -> Path:
        """Where it is."""
        return cache() / self.name

    def command(self, python: str) -> list[str]:
        """What runs a contestant in it; made if it is not there. Raises `CannotBeHadError`."""
        folder = self.folder
        ready = folder / "ready"
        if not ready.exists():
            folder.mkdir(parents=True, exist_ok=True)
            for command in self._making(folder, python):
                run(command)
            ready.write_text("\n".join(self.packages), encoding="utf-8")
        return [_found("node")] if self.node else [str(folder / "bin" / "python")]

    def _making(self, folder: Path, python: str) -> list[list[str]]:
        if self.node:
            return [
                [_found("npm"), "install", "--no-audit", "--no-fund", f"--prefix={folder}", *self.packages]
            ]
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        return [[python, "-m", "venv", str(folder)], [*pip, *self.packages]]


def our_dependencies() -> tuple[str, ...]:
    """What this project itself needs, as pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return tuple(project["dependencies"])


def cache() -> Path:
    """The folder of all environments."""
    return Path(os.environ.get("TANDEM_PEERS") or Path(tempfile.gettempdir()) / "tandem-peers")


def run(command: list[str], *, patience_seconds: float = _PATIENCE_SECONDS) -> str:
    """What a command prints; raises `CannotBeHadError` with the last line of what it had to say."""
    try:
        done = subprocess.run(  # noqa: S603 - commands of this file, in a benchmark that a person starts
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=patience_seconds
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBeHadError(str(error)) from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise CannotBeHadError(lines[-1])
    return done.stdout


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise CannotBeHadError(f"{program} is not installed here")
    return path
