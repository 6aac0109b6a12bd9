"""The pytest plugin of the seeded defects: `pytest machines --defect NAME` shows a machine catch one.

Loaded by `-p tests.defects.plugin` in pyproject. The defect is applied from the configuration to the end of
the process, in each worker of pytest-xdist as well, since all of them are given the same option.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.defects.applying import applied
from tests.defects.catalogue import UnknownDefectError, defect_named
from tests.defects.defect import Defect


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("tandem", "Tandem: model checking of concurrent services")
    group.addoption(
        "--defect",
        metavar="NAME",
        help="make the system wrong in one way, to see a machine notice; an unknown NAME lists them all",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Apply the defect that was asked for; an unknown one is an error before anything runs."""
    name = config.getoption("--defect")
    if name is None:
        return
    try:
        chosen = defect_named(name)
    except UnknownDefectError as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(AppliedDefect(chosen), "tandem-defect")


class AppliedDefect:
    """One defect for as long as a run lasts; `_undoing` puts the right code back."""

    def __init__(self, defect: Defect) -> None:
        self.defect = defect
        self._undoing = ExitStack()
        self._undoing.enter_context(applied(defect))

    def pytest_report_header(self) -> str:
        """Say that the system is wrong, and how."""
        return f"defect: {self.defect.name} - {self.defect.what} Noticed by {self.defect.caught_by}."

    def pytest_unconfigure(self) -> None:
        """Put the right code back."""
        self._undoing.close()
