"""Texts that are a product are stored beside the tests and compared letter by letter.

With `UPDATE_SNAPSHOTS=1` in the environment they are written anew, for a person to read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def expect_stored(name: str, text: str) -> None:
    """The text is the one that is stored under that name."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    assert f"{text}\n" == path.read_text(encoding="utf-8")
