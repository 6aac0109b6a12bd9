"""The record of a run: what it was and what it counted, kept in a file for `tandem acceptance`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from machines.tally import Tally
from model.acceptance.registry import table

FORMAT = 1
FOLDER = ".tandem"
"""Where a project's runs leave what outlives them."""
LAST_RUN = "last-run.json"


class RunRecordError(Exception):
    """A record of a run cannot be used; the message says why and what to do."""


@frozen
class RunRecord:
    """One run. `arguments` are what `pytest machines` takes to repeat it, `machines` the counts of each."""

    profile: str
    seed: int
    arguments: tuple[str, ...]
    machines: Mapping[str, Tally]

    @property
    def total(self) -> Tally:
        """The counts of all machines together."""
        total = Tally()
        for tally in self.machines.values():
            total.add(tally)
        return total

    def as_json(self) -> str:
        """The text of the file; equal runs have equal texts, up to the seconds that they took."""
        data = {
            "tandem": "run",
            "format": FORMAT,
            "profile": self.profile,
            "seed": self.seed,
            "arguments": list(self.arguments),
            "machines": {name: tally.as_json() for name, tally in self.machines.items()},
        }
        return json.dumps(data, indent=1, sort_keys=True) + "\n"

    def save(self, folder: Path) -> Path:
        """Write the file into a folder, made if need be: whole or not at all. Raises `OSError`."""
        path = folder / LAST_RUN
        stage = folder / f".{LAST_RUN}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stage.write_text(self.as_json(), encoding="utf-8")
            stage.replace(path)
        except OSError:
            with suppress(OSError):
                stage.unlink()
            raise
        return path

    @classmethod
    def load(cls, path: Path) -> RunRecord:
        """The record in a file; raises `RunRecordError`."""
        try:
            return _record(json.loads(path.read_text(encoding="utf-8")), path)
        except FileNotFoundError:
            raise RunRecordError(
                f"there is no {path}: run `pytest machines` first, in the project's folder"
            ) from None
        except OSError as error:
            raise RunRecordError(f"{path} cannot be read: {error.strerror or error}") from error
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            why = "a part is missing" if isinstance(error, KeyError) else error
            raise RunRecordError(
                f"{path} is not the record of a run ({why}): run `pytest machines` again"
            ) from error


def _record(data: Any, path: Path) -> RunRecord:
    if not isinstance(data, dict) or data.get("tandem") != "run":
        raise ValueError('it does not say "tandem": "run"')
    if data["format"] != FORMAT:
        raise RunRecordError(
            f"{path} has format {data['format']}, and this version of Tandem reads format {FORMAT}: "
            "run `pytest machines` again"
        )
    tallies = {str(name): Tally.from_json(counts) for name, counts in dict(data["machines"]).items()}
    for tally in tallies.values():
        table(tally.exercised)
    arguments = tuple(str(argument) for argument in data["arguments"])
    return RunRecord(str(data["profile"]), int(data["seed"]), arguments, tallies)
