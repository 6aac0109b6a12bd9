"""The model and the exploration read no clock, no real randomness and no order that changes between runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.project.tree import parsed, python_files, shown

_DETERMINED = ("model", "machines/exploration")
_FORBIDDEN_MODULES = {
    "asyncio": "schedules by real time",
    "datetime": "reads the wall clock",
    "gc": "depends on when garbage is collected",
    "multiprocessing": "runs outside the schedule",
    "secrets": "is real randomness",
    "socket": "is real input and output",
    "subprocess": "is real input and output",
    "threading": "runs outside the schedule",
    "time": "reads the wall clock",
    "uuid": "is real randomness",
}
# (file, module): why this one may. Empty is the aim.
_EXCEPTIONS: dict[tuple[str, str], str] = {}


def undetermined(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What could differ between two runs of a module, as (line, what)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt | ast.keyword):
            yield from ((node.lineno, what) for what in _judge(node))


def _judge(node: ast.expr | ast.stmt | ast.keyword) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (f"imports {name.name}" for name in names if _top(name.name) in _FORBIDDEN_MODULES)
        case ast.ImportFrom(module=str(module), names=names, level=0):
            if _top(module) in _FORBIDDEN_MODULES:
                yield f"imports {_top(module)}"
            if module == "random":
                yield from (f"uses random.{name.name}" for name in names if name.name != "Random")
        case ast.Attribute(value=ast.Name(id="random"), attr=attribute) if attribute != "Random":
            yield f"uses random.{attribute}"
        case ast.Call(func=ast.Name(id="Random") | ast.Attribute(attr="Random"), args=[], keywords=[]):
            yield "makes a generator without a seed"
        case ast.Call(func=ast.Name(id="id")):
            yield "asks for an id()"
        case ast.keyword(arg="key", value=ast.Name(id="id" | "hash" as name)):
            yield f"sorts by {name}()"


def _top(module: str) -> str:
    return module.partition(".")[0]


def test_the_model_and_the_exploration_are_determined() -> None:
    """Nothing in the model or the exploration depends on the clock, real randomness, threads or ids."""
    found = [
        f"{shown(path)}:{line}: {what}"
        for path in python_files(*_DETERMINED)
        for line, what in undetermined(parsed(path))
        if (shown(path), what.removeprefix("imports ")) not in _EXCEPTIONS
    ]
    assert found == []


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import time", "imports time"),
        ("import os, uuid", "imports uuid"),
        ("from datetime import datetime", "imports datetime"),
        ("from random import randrange", "uses random.randrange"),
        ("import random\nrandom.shuffle([])", "uses random.shuffle"),
        ("import random\nrandom.Random()", "makes a generator without a seed"),
        ("sorted([], key=id)", "sorts by id()"),
        ("{id(value): value}", "asks for an id()"),
    ],
)
def test_what_is_not_determined_is_found(code: str, what: str) -> None:
    """Each way of depending on the run is found."""
    assert [found for _, found in undetermined(ast.parse(code))] == [what]


@pytest.mark.parametrize(
    "code", ["from random import Random\nRandom(7)", "import random\nrandom.Random(x=7)", "id: int"]
)
def test_what_is_determined_is_left_alone(code: str) -> None:
    """A seeded generator, and a field called id, are as good as constants."""
    assert list(undetermined(ast.parse(code))) == []
