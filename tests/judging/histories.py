"""Histories as they come from outside: lines of JSON."""

from __future__ import annotations

import json
from typing import Any


def event(process: object, kind: str, f: str, value: Any = None, **more: Any) -> str:
    """One event."""
    return json.dumps({"process": process, "type": kind, "f": f, "value": value, **more})


def done(process: object, f: str, asked: Any, told: Any, kind: str = "ok", **more: Any) -> list[str]:
    """A call that overlaps no other: its two events."""
    return [event(process, "invoke", f, asked, **more), event(process, kind, f, told, **more)]


STALE_READ = [*done(1, "write", 5, 5), *done(2, "read", None, 5), *done(3, "read", None, None)]
GOOD = [*done(1, "write", 5, 5), *done(2, "read", None, 5)]
