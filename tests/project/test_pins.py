"""The pins and the workflows agree with what pyproject.toml declares."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.tree import ROOT

_PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>\S+)")


def project() -> dict[str, Any]:
    """The contents of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def declared() -> list[Requirement]:
    """What the project asks for: at run time, for development, and to be built."""
    table = project()
    texts = [
        *table["project"]["dependencies"],
        *table["project"]["optional-dependencies"]["dev"],
        *table["build-system"]["requires"],
    ]
    return [Requirement(text) for text in texts]


def pins() -> dict[str, str]:
    """The pinned version of each distribution, by its normalised name."""
    lines = (ROOT / "ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [_PIN.fullmatch(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin["name"]): pin["version"] for pin in found if pin}


def needed_by(requirement: Requirement, seen: set[str]) -> Iterator[str]:
    """The normalised names of a requirement and of all that it brings in on this Python."""
    name = canonicalize_name(requirement.name)
    if name in seen:
        return
    seen.add(name)
    yield name
    for text in metadata.requires(name) or []:
        inner = Requirement(text)
        if inner.marker is None or any(
            inner.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
        ):
            yield from needed_by(inner, seen)


def test_every_line_of_the_constraints_is_a_pin() -> None:
    """Each line of the constraints is a comment or names one distribution and one version."""
    lines = (ROOT / "ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#") and not _PIN.fullmatch(line)] == []


def test_pins_are_within_what_is_declared() -> None:
    """Each declared dependency is pinned, to a version that its declaration allows."""
    pinned = pins()
    assert [
        str(requirement)
        for requirement in declared()
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), "0"))
    ] == []


def test_all_that_dependencies_bring_in_is_pinned() -> None:
    """Nothing is installed at a version that the constraints leave open."""
    seen: set[str] = set()
    needed = {name for requirement in declared() for name in needed_by(requirement, seen)}
    assert needed - pins().keys() == set()


def test_workflow_runs_every_python_that_is_declared() -> None:
    """The workflow runs exactly the Pythons that the project's classifiers name."""
    classifiers = re.findall(r"Python :: (3\.\d+)", " ".join(project()["project"]["classifiers"]))
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    matrix = re.search(r"python: \[(.*)\]", workflow)
    assert matrix is not None
    assert re.findall(r'"([\d.]+)"', matrix[1]) == classifiers
