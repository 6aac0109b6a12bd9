"""The kernel's contract with trio: the private names, the versions, and one behaviour on all of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import trio

from machines.world import trio_internals
from machines.world.trio_internals import UnknownTrioError, check_names, check_version
from tests.project.test_pins import declared, pins
from tests.project.tree import ROOT, python_files, shown

OLDEST = Path(sys.prefix) / "oldest-trio"
"""Where `ci/run` puts the oldest supported trio: a folder of the environment that runs the tests."""


@cache
def contract(folder: Path | None) -> tuple[str, str]:
    """What the contract script prints with a folder's trio or the installed one, and that trio's version."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if folder is not None:
        variables["PYTHONPATH"] = str(folder)
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.world.trio_contract"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        pytest.fail(result.stderr, pytrace=False)
    return result.stdout, result.stderr.strip()


def oldest() -> Path:
    """The folder with the oldest supported trio; fails where it is missing."""
    if not (OLDEST / "trio").is_dir():
        pytest.fail(
            "the oldest supported trio is not beside this environment: run `ci/run tests`, which installs it",
            pytrace=False,
        )
    return OLDEST


def pinned_oldest() -> str:
    """The version that is installed as the oldest."""
    pin = re.search(
        r"^trio==(\S+)$", (ROOT / "ci" / "oldest-trio.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert pin is not None
    return pin[1]


def two_parts(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(part) for part in version.split(".")[:2])


def test_oldest_and_newest_trio_behave_the_same() -> None:
    """Schedules, outcomes, error texts and clean-up are the same on the oldest trio as on the pinned one."""
    old, old_version = contract(oldest())
    new, new_version = contract(None)
    assert (old_version, new_version) == (pinned_oldest(), trio.__version__)
    assert old == new


def test_contract_covers_what_the_kernel_needs() -> None:
    """The contract script sees deadlock, refusals, crash, cancellation, and ordinary runs beside them."""
    printed, _ = contract(None)
    lines = printed.splitlines()
    assert (lines[0], lines[-1]) == ("before: done", "after: done")
    for words in (
        "DeadlockError",
        "RefusedError: trio.to_thread",
        "frozen 2, left 0, told []",
        "caught True",
    ):
        assert any(words in line for line in lines), words


def test_supported_versions_are_those_that_are_declared_and_tried() -> None:
    """The oldest version is the one declared and installed for the contract, the newest is the one pinned."""
    [requirement] = [one for one in declared() if one.name == "trio"]
    assert str(requirement.specifier) == f">={'.'.join(str(part) for part in trio_internals.OLDEST)}"
    assert two_parts(pinned_oldest()) == trio_internals.OLDEST
    assert two_parts(pins()["trio"]) == trio_internals.NEWEST


@pytest.mark.parametrize("version", ["0.27.0", "0.27.1", "0.31.0", "0.35.0", "0.35.1", "0.35.0+dev"])
def test_supported_version_is_taken(version: str) -> None:
    """A version between the oldest and the newest is taken, patches of both included."""
    check_version(version)


@pytest.mark.parametrize("version", ["0.26.2", "0.9.0", "0.36.0", "1.0.0", "1.30.0", "unknown"])
def test_unknown_version_is_refused(version: str) -> None:
    """A version that the kernel was not checked against is refused, with what to install instead."""
    with pytest.raises(UnknownTrioError) as raised:
        check_version(version)
    assert str(raised.value) == (
        f"this is trio {version}; Tandem's kernel steps trio through private names that were checked for "
        "trio 0.27 to 0.35. Install 'trio>=0.27,<0.36', or a newer Tandem."
    )


def test_installed_trio_has_every_private_name() -> None:
    """All that the kernel borrows is there."""
    check_names()


@pytest.mark.parametrize(
    "name", [f"{owner} {name}" for owner, (_, names) in trio_internals._REQUIRED.items() for name in names]
)
def test_missing_private_name_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A trio that lacks one of the names is refused by that name, before anything is stepped."""
    owner, missing = name.split()
    monkeypatch.setitem(trio_internals._REQUIRED, owner, (object(), (missing,)))
    with pytest.raises(
        UnknownTrioError, match=rf"has no {re.escape(owner)}\.{missing}, which the kernel needs"
    ):
        check_names()


_PRIVATE = re.compile(r"(?:from|import) trio\._|\btrio\._\w")


def test_private_names_live_in_one_module() -> None:
    """No other module of the suite imports anything private of trio's."""
    found = [
        shown(path)
        for path in python_files("machines", "system_under_test", "model")
        if _PRIVATE.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["machines/world/trio_internals.py"]
