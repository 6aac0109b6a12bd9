"""The profiles of a run: how many programs Hypothesis draws, and how far each burst is explored.

Registered in one importable module, which is loaded as a plugin before any machine is imported, because
Hypothesis freezes the settings of a machine at its first use, and because `--hypothesis-profile` must be
known to `pytest tests` too. Each profile sets everything that decides about results itself: Hypothesis' own
profile `ci`, which any CI variable loads, would make two nightlies try the same cases.
"""

from __future__ import annotations

import os
from pathlib import Path

from attrs import frozen
from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase

from machines.machine import Exploring

_GENERATING = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
_REUSING = (Phase.explicit, Phase.reuse, Phase.shrink)


@frozen
class Profile:
    """What `--hypothesis-profile` chooses: `programs` are per machine, over all its shards.

    `fresh_seed`: a run without `--seed` draws one, and prints it; otherwise it is 0.
    """

    name: str
    programs: int
    exploring: Exploring
    fresh_seed: bool = False
    phases: tuple[Phase, ...] = _GENERATING
    database: bool = True


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("dev", 160, Exploring(executions_max=300)),
        Profile("ci", 160, Exploring(executions_max=300), database=False),
        Profile("nightly", 8_000, Exploring(executions_max=4_000, recheck_every=200), fresh_seed=True),
        Profile("replay", 160, Exploring(executions_max=300), phases=_REUSING),
    )
}


class UnknownProfileError(ValueError):
    """A profile was asked for by a name that none has."""


def profile_named(name: str) -> Profile:
    """The profile of that name; raises `UnknownProfileError`."""
    try:
        return PROFILES[name]
    except KeyError:
        raise UnknownProfileError(f"no profile is called {name!r}; there are {', '.join(PROFILES)}") from None


def register() -> None:
    """Make the profiles known to Hypothesis, and load the default one: `ci` where CI is set, else `dev`."""
    for profile in PROFILES.values():
        settings.register_profile(
            profile.name,
            parent=settings.get_profile("default"),
            max_examples=profile.programs,
            stateful_step_count=8,
            derandomize=False,
            database=_database() if profile.database else None,
            deadline=None,
            print_blob=False,
            phases=profile.phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
    settings.load_profile(default_profile())


def _database() -> ExampleDatabase:
    """Failing programs of earlier runs, from where pytest is run."""
    return DirectoryBasedExampleDatabase(Path(".hypothesis") / "examples")


def default_profile() -> str:
    """The profile of a run that does not choose one."""
    return "ci" if os.environ.get("CI") else "dev"
