"""Says what a blocked task waits for, in the words of the program: for deadlock and left-over reports."""

from __future__ import annotations

import linecache
import types
from collections.abc import Iterable
from typing import Any

_LIBRARIES = ("/trio/", "/outcome/", "/machines/world/")


def source_frames(task: Any) -> list[tuple[types.FrameType, int]]:
    """The frames that a suspended task is in, outermost first, with their current lines."""
    return list(task.iter_await_frames())


def place(task: Any) -> tuple[str, int, str]:
    """Where a suspended task stands in the program itself: file name, line number, text of the line.

    The innermost frame that is neither trio's nor the world's; the innermost of all if there is no such
    frame.
    """
    frames = source_frames(task)
    own = [(frame, line) for frame, line in frames if not _is_library(frame.f_code.co_filename)]
    if not frames:
        return ("?", 0, "")
    frame, line = (own or frames)[-1]
    path = frame.f_code.co_filename
    return ("/".join(path.split("/")[-2:]), line, linecache.getline(path, line).strip())


def describe_waiting(tasks: Iterable[Any]) -> str:
    """One clause a task: what it waits for, and at which line."""
    return "; ".join(_describe(task) for task in tasks)


def _describe(task: Any) -> str:
    path, line, text = place(task)
    where = f"at {path}:{line} `{text}`" if line else "before its first step"
    return f"{task.name} waits for {_awaited(task)} {where}"


def _awaited(task: Any) -> str:
    """The trio primitive that a task is blocked in, with its owner where it has one."""
    for frame, _ in source_frames(task):
        if "/trio/" not in frame.f_code.co_filename:
            continue
        if frame.f_code.co_name == "__aexit__":
            return _children(task)
        primitive = frame.f_locals.get("self")
        if primitive is None:
            return f"trio.{frame.f_code.co_name}"
        owner = getattr(primitive, "_owner", None)
        held = f" held by {owner.name}" if owner is not None else ""
        return f"{type(primitive).__name__.lstrip('_')}.{frame.f_code.co_name}{held}"
    return "something outside trio"


def _children(task: Any) -> str:
    names = sorted(child.name for nursery in task.child_nurseries for child in nursery.child_tasks)
    return f"its child tasks ({', '.join(names)})" if names else "its nursery"


def _is_library(path: str) -> bool:
    return any(part in path for part in _LIBRARIES)
