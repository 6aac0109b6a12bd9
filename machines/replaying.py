"""`pytest machines --replay FILE` as a pytest item: one execution, exactly as the file has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from machines.counterexample.errors import CounterexampleError
from machines.counterexample.replay import replay_file

REPLAYED = "tandem-replay"
"""The user property under which the report of a replay that passes says why."""


class ReplayFailed(Exception):  # noqa: N818 - carries the text of the replay to the report
    """The execution does not hold: it fails, or it cannot be repeated. The text is the report."""


class ReplayItem(pytest.Item):
    """One counterexample file."""

    file: Path

    @classmethod
    def of(cls, parent: Any, file: Path) -> ReplayItem:
        """The item for that file."""
        item: ReplayItem = cls.from_parent(parent, name="replay", nodeid=f"{file.name}::replay")
        item.file = file
        return item

    def runtest(self) -> None:
        """Run it; an execution that fails again, or that cannot be repeated, fails this item."""
        replayed = replay_file(self.file)
        if replayed.outcome != "no longer fails":
            raise ReplayFailed(f"{replayed.summary}\n\n{replayed.report}")
        self.user_properties.append((REPLAYED, f"{self.file.name}: {replayed.summary}"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report of the violation, or the one line that says what is wrong with the file."""
        if isinstance(excinfo.value, ReplayFailed | CounterexampleError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item stands, for the reporter."""
        return self.file, None, f"replay of {self.file.name}"
