"""The run script, with a stand-in for Python that writes down what it is asked to do.

Nothing is installed here: the stand-in answers the questions that the script asks of a Python (its version,
whether it has pip) and records every other call. The project is a copy in a folder whose name has a space.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from attrs import frozen

from tests.project.tree import ROOT

# `-m pip install` fails while a file called `broken` lies beside the log.
_STAND_IN = """\
#!/bin/sh
case "$*" in
"-c import sys"*) echo "{version}"; exit 0 ;;
"-c import venv"*) exit {venv_status} ;;
"-m pip --version") exit 0 ;;
esac
printf '[%s]' "$@" >> "{log}"
echo >> "{log}"
case "$*" in
"-m pip install"*) test ! -e "{log}.broken" ;;
"-m venv"*)
    for last; do :; done
    mkdir -p "$last/bin"
    touch "$last/pyvenv.cfg"
    cp "$0" "$last/bin/python"
    ;;
esac
"""
_PYTHONS = ("python3", "python3.13", "python3.12", "python3.11", "python")


@frozen
class Sandbox:
    """A copy of the project's run script, with stand-ins for every Python that it may find."""

    folder: Path

    @property
    def project(self) -> Path:
        """The top of the copied project."""
        return self.folder / "a project"

    @property
    def log(self) -> Path:
        """Where stand-ins record their calls, one a line, each argument in brackets."""
        return self.folder / "log"

    def stand_in(self, path: Path, version: str = "3.12", venv_status: int = 0) -> None:
        """Write a stand-in for a Python of this version; a status of 1 leaves it without venv."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            _STAND_IN.format(version=version, log=self.log, venv_status=venv_status), encoding="utf-8"
        )
        path.chmod(0o755)

    def environment(self, version: str = "3.12") -> None:
        """Put a virtual environment, made by somebody else, where the script looks for it."""
        self.stand_in(self.project / ".venv" / "bin" / "python", version)
        (self.project / ".venv" / "pyvenv.cfg").touch()

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script from another folder."""
        path = os.pathsep.join([str(self.folder / "bin"), os.defpath])
        return subprocess.run(  # noqa: S603 - the script under test
            [str(self.project / "ci" / "run"), *arguments],
            cwd=self.folder,
            env={"PATH": path, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        """The calls recorded since the last look."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines

    def pytest_call(self, *arguments: str) -> str:
        """The arguments that the script gives to pytest, in brackets."""
        result = self.run(*arguments)
        assert result.returncode == 0, result.stderr
        return self.calls()[-1].removeprefix("[-m][pytest]")

    def installs(self) -> list[str]:
        """The pip calls recorded since the last look."""
        return [call for call in self.calls() if call.startswith("[-m][pip][install]")]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A copied project without an environment, on a machine whose every Python is a stand-in for 3.12."""
    box = Sandbox(tmp_path)
    for name in ("pyproject.toml", "ci/run", "ci/constraints.txt", "ci/oldest-trio.txt"):
        (box.project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, box.project / name)
    for name in _PYTHONS:
        box.stand_in(tmp_path / "bin" / name)
    return box


@pytest.fixture
def ready(sandbox: Sandbox) -> Sandbox:
    """A sandbox whose environment is installed."""
    sandbox.environment()
    assert sandbox.run("tests").returncode == 0
    sandbox.calls()
    return sandbox


def test_room_is_asked_for(sandbox: Sandbox) -> None:
    """Without a room the script says which there are, and does nothing."""
    result = sandbox.run()
    assert (result.returncode, sandbox.calls()) == (2, [])
    assert result.stderr == "ci/run: no room given; usage: ci/run machines|tests [pytest arguments]\n"


def test_unknown_room_is_refused(sandbox: Sandbox) -> None:
    """A room that does not exist is refused by its name, in one line."""
    result = sandbox.run("kitchen")
    assert (result.returncode, sandbox.calls()) == (2, [])
    assert result.stderr == (
        "ci/run: no room is called 'kitchen'; usage: ci/run machines|tests [pytest arguments]\n"
    )


def test_old_pythons_are_refused(sandbox: Sandbox) -> None:
    """Where every Python is too old, one line says what is needed and what is there."""
    for name in _PYTHONS:
        sandbox.stand_in(sandbox.folder / "bin" / name, "3.10")
    result = sandbox.run("tests")
    assert (result.returncode, sandbox.calls()) == (2, [])
    assert result.stderr == (
        "ci/run: Python 3.11 or newer is needed, and found is 3.10: "
        "install one, or name one with PYTHON=...\n"
    )


def test_newer_python_beside_an_old_one_is_found(sandbox: Sandbox) -> None:
    """Where python3 is too old, a newer one of another name makes the environment."""
    sandbox.stand_in(sandbox.folder / "bin" / "python3", "3.9")
    sandbox.stand_in(sandbox.folder / "bin" / "python3.13", "3.13")
    result = sandbox.run("tests")
    assert result.returncode == 0
    assert "ci/run: making .venv with Python 3.13\n" in result.stderr


def test_named_python_makes_the_environment(sandbox: Sandbox) -> None:
    """PYTHON names the interpreter and TANDEM_VENV the environment that it makes."""
    sandbox.stand_in(sandbox.folder / "bin" / "python3.11", "3.11")
    result = sandbox.run("tests", PYTHON="python3.11", TANDEM_VENV=".venv-3.11")
    assert result.returncode == 0
    assert "ci/run: making .venv-3.11 with Python 3.11\n" in result.stderr
    assert sandbox.calls()[0] == "[-m][venv][--without-pip][.venv-3.11]"


def test_named_python_that_is_too_old_is_refused(sandbox: Sandbox) -> None:
    """A PYTHON that is too old is not replaced by another."""
    sandbox.stand_in(sandbox.folder / "bin" / "python3.9", "3.9")
    result = sandbox.run("tests", PYTHON="python3.9")
    assert (result.returncode, sandbox.calls()) == (2, [])
    assert result.stderr == "ci/run: Python 3.11 or newer is needed, and PYTHON=python3.9 is 3.9\n"


def test_environment_of_another_python_is_refused(ready: Sandbox) -> None:
    """An environment made with another Python than the one named is not passed off as it."""
    ready.stand_in(ready.folder / "bin" / "python3.13", "3.13")
    result = ready.run("tests", PYTHON="python3.13")
    assert (result.returncode, ready.calls()) == (2, [])
    assert result.stderr == (
        "ci/run: PYTHON=python3.13 is 3.13, and .venv has 3.12: "
        "remove it, or name another with TANDEM_VENV=...\n"
    )


def test_missing_venv_module_is_reported(sandbox: Sandbox) -> None:
    """A Python without venv is reported in one line that says what to install."""
    sandbox.stand_in(sandbox.folder / "bin" / "python3", venv_status=1)
    result = sandbox.run("tests")
    assert (result.returncode, sandbox.calls()) == (2, [])
    assert result.stderr == (
        "ci/run: python3 has no venv module: install it (on Debian and Ubuntu the package python3-venv)\n"
    )


def test_folder_that_is_no_environment_is_left_alone(sandbox: Sandbox) -> None:
    """A folder that holds something else is neither cleared nor installed into."""
    (sandbox.project / ".venv").mkdir()
    (sandbox.project / ".venv" / "thesis.txt").touch()
    result = sandbox.run("tests")
    assert (result.returncode, sandbox.calls()) == (2, [])
    assert [path.name for path in (sandbox.project / ".venv").iterdir()] == ["thesis.txt"]


def test_whole_room_is_run_on_all_cores(ready: Sandbox) -> None:
    """Without arguments pytest gets the room, spread over all cores."""
    assert ready.pytest_call("machines") == "[-n][auto][--dist][worksteal][machines]"


def test_arguments_are_passed_on_as_they_are(ready: Sandbox) -> None:
    """Arguments with spaces and quotes reach pytest unchanged."""
    assert ready.pytest_call("machines", "-k", "not 'slow' or $HOME") == (
        "[-n][auto][--dist][worksteal][machines][-k][not 'slow' or $HOME]"
    )


@pytest.mark.parametrize("path", ["tests/project", "./tests/world", "tests/project/test_lint.py::test_ruff"])
def test_part_of_the_room_takes_its_place(ready: Sandbox, path: str) -> None:
    """A path inside the room is run instead of the room."""
    assert ready.pytest_call("tests", path, "-x") == f"[-n][auto][--dist][worksteal][{path}][-x]"


def test_ignored_path_is_not_a_selection(ready: Sandbox) -> None:
    """A path that is the value of an option does not take the place of the room."""
    assert ready.pytest_call("tests", "--ignore", "tests/benchmarks") == (
        "[-n][auto][--dist][worksteal][tests][--ignore][tests/benchmarks]"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("-n", "2"),
        ("-n0",),
        ("--numprocesses=3",),
        ("--replay", "found.json"),
        ("--replay=found.json",),
        ("-p", "no:xdist"),
    ],
)
def test_caller_decides_how_work_is_spread(ready: Sandbox, arguments: tuple[str, ...]) -> None:
    """The script adds no workers where the caller chose them, replays, or switched xdist off."""
    expected = "".join(f"[{argument}]" for argument in ("machines", *arguments))
    assert ready.pytest_call("machines", *arguments) == expected


def test_failure_of_pytest_is_the_failure_of_the_script(ready: Sandbox) -> None:
    """The script ends with pytest's own status."""
    python = ready.project / ".venv" / "bin" / "python"
    python.write_text(
        python.read_text(encoding="utf-8") + '\ncase "$*" in *pytest*) exit 5 ;; esac\n', encoding="utf-8"
    )
    assert ready.run("tests").returncode == 5


def test_second_run_installs_nothing(ready: Sandbox) -> None:
    """What is installed already is not installed again."""
    assert ready.run("tests").returncode == 0
    assert ready.installs() == []


@pytest.mark.parametrize("name", ["pyproject.toml", "ci/constraints.txt", "ci/oldest-trio.txt"])
def test_changed_requirements_are_installed(ready: Sandbox, name: str) -> None:
    """A change of the project's requirements or pins installs once more, and only once."""
    with (ready.project / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert ready.run("tests").returncode == 0
    assert len(ready.installs()) == 3
    assert ready.run("tests").returncode == 0
    assert ready.installs() == []


def test_moved_project_is_installed_again(ready: Sandbox) -> None:
    """An environment copied along with the project is not left pointing at the old place."""
    shutil.copytree(ready.project, ready.folder / "copied" / "a project")
    moved = Sandbox(ready.folder / "copied")
    shutil.copytree(ready.folder / "bin", moved.folder / "bin")
    assert moved.run("tests").returncode == 0
    assert len(ready.installs()) == 3


def test_interrupted_installation_is_done_again(sandbox: Sandbox) -> None:
    """An installation that breaks off runs no tests; the next one puts every package there anew."""
    sandbox.environment()
    broken = Path(f"{sandbox.log}.broken")
    broken.touch()
    assert sandbox.run("tests").returncode != 0
    assert not any("[pytest]" in call for call in sandbox.calls())
    broken.unlink()
    assert sandbox.run("tests").returncode == 0
    assert ["[--force-reinstall]" in call for call in sandbox.installs()] == [True, True, True]


def test_half_made_environment_is_made_again(sandbox: Sandbox) -> None:
    """An environment whose making broke off is cleared and made again."""
    (sandbox.project / ".venv").mkdir()
    (sandbox.project / ".venv" / "tandem-stamp").write_text("making\n", encoding="utf-8")
    assert sandbox.run("tests").returncode == 0
    assert sandbox.calls()[0] == "[-m][venv][--without-pip][--clear][.venv]"


def test_pins_are_given_to_every_installation(sandbox: Sandbox) -> None:
    """What the environment is made of is held to the pins, and the build uses the pinned backend."""
    sandbox.environment()
    assert sandbox.run("tests").returncode == 0
    backend, project, _ = sandbox.installs()
    assert "[--constraint][ci/constraints.txt]" in backend
    assert "[--constraint][ci/constraints.txt]" in project
    assert "[--no-build-isolation][--editable][.[dev]]" in project


def test_oldest_trio_is_put_beside_the_environments_own(sandbox: Sandbox) -> None:
    """The oldest trio goes into a folder of its own, at the version that its file pins, and comes alone."""
    sandbox.environment()
    assert sandbox.run("tests").returncode == 0
    *_, oldest = sandbox.installs()
    assert "[--no-deps]" in oldest
    assert "[--target][.venv/oldest-trio][--requirement][ci/oldest-trio.txt]" in oldest
    assert "[--constraint]" not in oldest
