"""Options and profiles: what is wrong is a usage error of one line, what is right decides about the run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from machines import profiles
from tests.machines.projects import COUNTING, Project
from tests.project.tree import ROOT

USAGE_ERROR = 4
SMALL = ("--shards=1", "--programs=3", "--executions=5")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one machine."""
    return Project.of(tmp_path, test_counting=COUNTING)


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("--strategy=clever", "no exploration strategy is called 'clever'; there are bounded, "),
        (
            "--hypothesis-profile=nonsense",
            "no profile is called 'nonsense'; there are dev, ci, nightly, replay",
        ),
        ("--seed=x", "--seed takes a whole number from 0 up, not 'x'"),
        ("--shards=0", "--shards takes a whole number from 1 up, not '0'"),
        ("--programs=-3", "--programs takes a whole number from 1 up, not '-3'"),
        ("--executions=1.5", "--executions takes a whole number from 1 up, not '1.5'"),
    ],
)
def test_a_wrong_option_is_a_usage_error(project: Project, option: str, complaint: str) -> None:
    """A value that means nothing is refused in one line, before anything runs."""
    ran = project.run(option)
    assert ran.status == USAGE_ERROR
    [line] = ran.output.split("\n\n")[0].strip().splitlines()
    assert line.startswith(f"ERROR: {complaint}")


def test_a_profile_is_known_to_every_room() -> None:
    """`pytest --hypothesis-profile=dev` works for tests that are no machines, too."""
    ran = Project(ROOT).run(
        "--hypothesis-profile=dev", "tests/model/test_verdict.py", "-q", "-pno:cacheprovider"
    )
    assert ran.status == 0, ran.output


@pytest.mark.parametrize(
    ("environment", "profile", "database"),
    [({"CI": "1"}, "ci", "None"), ({}, "dev", "DirectoryBasedExampleDatabase")],
)
def test_ci_is_chosen_where_ci_is_set(
    project: Project, environment: dict[str, str], profile: str, database: str
) -> None:
    """`CI=1` loads the profile `ci`, which has no database and is not derandomised; otherwise it is `dev`."""
    text = (
        "from hypothesis import settings\n\n\ndef test_settings():\n    now = settings()\n"
        "    print(settings.get_current_profile_name(), now.derandomize, repr(now.database).split('(')[0])\n"
    )
    (project.folder / "test_settings.py").write_text(text, encoding="utf-8")
    ran = project.run("test_settings.py", "-s", "-q", **environment)
    assert f"{profile} False {database}" in ran.output


def test_a_nightly_draws_a_seed_and_says_how_to_repeat_it(project: Project) -> None:
    """A nightly takes a fresh seed, prints it, and with that seed does the same again."""
    first = project.run("--hypothesis-profile=nightly", *SMALL).section("tandem")[0]
    drawn, before = first.split("seed ")[1].split(";")[0], project.record
    arguments = first.split("pytest machines ")[1].split()
    assert f"--seed={drawn}" in arguments
    again = project.run(*arguments).section("tandem")[0]
    assert (again, project.record) == (first, before)
    assert f"--seed={drawn}" not in project.run("--hypothesis-profile=nightly", *SMALL).section("tandem")[0]


def test_the_header_says_which_run_it_is(project: Project) -> None:
    """What decides about the run is printed before it begins, in case it never ends."""
    ran = project.run("--strategy=random", "--seed=9", *SMALL)
    assert "tandem: profile dev, seed 9, strategy random, at most 5 executions a burst" in ran.output


def test_the_replay_profile_without_examples_passes(project: Project) -> None:
    """With nothing saved to try again there is nothing to complain about."""
    ran = project.run("--hypothesis-profile=replay")
    assert ran.status == 0
    assert "programs     0: " in ran.output


@pytest.mark.parametrize("profile", profiles.PROFILES.values(), ids=lambda profile: str(profile.name))
def test_a_profile_leaves_nothing_to_chance(profile: profiles.Profile) -> None:
    """Each profile sets all that decides about results itself, whatever was loaded when it was registered."""
    profiles.register()
    chosen = settings.get_profile(profile.name)
    assert (chosen.derandomize, chosen.deadline, chosen.print_blob) == (False, None, False)
    assert chosen.max_examples == profile.programs
    assert (chosen.database is not None) == profile.database


def test_only_a_nightly_differs_from_run_to_run() -> None:
    """All other profiles have the seed 0 unless they are told another."""
    assert [profile.name for profile in profiles.PROFILES.values() if profile.fresh_seed] == ["nightly"]


def test_an_unknown_profile_is_named() -> None:
    """The error names the profiles that there are."""
    with pytest.raises(profiles.UnknownProfileError, match="there are dev, ci, nightly, replay"):
        profiles.profile_named("quick")
