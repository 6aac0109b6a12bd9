"""Loads the program that `FILE.py::NAME` means, with what its file says about how to judge it."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from attrs import frozen

from machines.explore.running import Check, Scenario

LIMIT = "HANG_AFTER"
"""The name in a program's file for how many virtual seconds it may take."""

CHECK = "check"
"""The name in a program's file for the function that judges an outcome."""


class LoadingError(ValueError):
    """There is no such program; the text says in one line why."""


@frozen
class Loaded:
    """A program, its `check` if its file has one, and its `HANG_AFTER` if its file has one."""

    scenario: Scenario
    check: Check | None
    virtual_seconds: float | None


def load(target: str) -> Loaded:
    """The program that `FILE.py::NAME` means; raises `LoadingError`."""
    path, divider, name = target.rpartition("::")
    if not divider or not path or not name:
        raise LoadingError(f"{target!r} does not say what to explore: it takes FILE.py::NAME")
    module = _module(Path(path))
    scenario = getattr(module, name, None)
    if scenario is None:
        raise LoadingError(f"{path} has no {name!r}{_there_are(module)}")
    if not inspect.iscoroutinefunction(scenario):
        raise LoadingError(f"{name} in {path} is not an async function{_there_are(module)}")
    needed = [
        parameter.name
        for parameter in inspect.signature(scenario).parameters.values()
        if parameter.default is parameter.empty and parameter.kind not in _OPTIONAL
    ]
    if needed:
        raise LoadingError(
            f"{name} in {path} takes arguments ({', '.join(needed)}), and there is nobody to give them"
        )
    return Loaded(scenario, _check(module, path), _limit(module, path))


_OPTIONAL = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        raise LoadingError(f"there is no file {path}")
    if path.suffix != ".py":
        raise LoadingError(f"{path} is not a Python file")
    name = path.stem if path.stem not in sys.modules else f"{path.stem} (explored)"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # As for a script: what lies beside the file can be imported, and the module is found by its name.
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        # Whatever the file does when it is imported, it is no program that could be explored.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise LoadingError(f"{path} cannot be imported: {reason}") from error
    return module


def _there_are(module: ModuleType) -> str:
    names = [
        name
        for name, value in vars(module).items()
        if inspect.iscoroutinefunction(value) and value.__module__ == module.__name__
    ]
    return f"; its async functions are {', '.join(names)}" if names else ", and no async function at all"


def _check(module: ModuleType, path: str) -> Callable[[Any], Any] | None:
    check = getattr(module, CHECK, None)
    if check is not None and (not callable(check) or inspect.iscoroutinefunction(check)):
        raise LoadingError(f"{CHECK} in {path} must be a plain function that takes the outcome")
    return check


def _limit(module: ModuleType, path: str) -> float | None:
    limit = getattr(module, LIMIT, None)
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0:
        raise LoadingError(f"{LIMIT} in {path} must be a number of seconds above 0, not {limit!r}")
    return float(limit)
