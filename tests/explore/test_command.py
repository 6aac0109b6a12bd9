"""`tandem explore`, as its users type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from machines.command import main

PROGRAM = str(Path(__file__).parent / "explored_program.py")
TARGET = f"{PROGRAM}::two_transfers"
KEYS = {
    "scenario",
    "verdict",
    "certificate",
    "strategy",
    "footprints",
    "seed",
    "executions",
    "seconds",
    "outcomes",
    "inlined",
    "notes",
    "problem",
    "failure",
}
FAILURE_KEYS = {
    "kind",
    "exception",
    "schedule",
    "switches",
    "preemptions",
    "fewest",
    "tasks",
    "explained",
    "nearest_passing",
    "again",
    "replay",
}
_COMMAND = [sys.executable, "-c", "import sys; from machines.command import main; sys.exit(main())"]
_ROOT = Path(__file__).parents[2]


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit status, and what was printed."""
    status = main(["explore", *arguments, "--json"])
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, printed


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of complaint; asserts that it is one, and that the exit status is 3."""
    try:
        status = main(["explore", *arguments])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    printed = capsys.readouterr()
    assert (status, printed.out) == (3, "")
    assert printed.err.startswith("tandem explore: ")
    assert printed.err.count("\n") == 1
    return printed.err


def in_a_process(*arguments: str, hash_seed: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(  # noqa: S603 - our own command
        [*_COMMAND, "explore", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )


def test_a_program_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1; the report has the reason, the columns, what is necessary and how to replay it."""
    assert main(["explore", TARGET]) == 1
    text = capsys.readouterr().out
    assert text.startswith(
        "two_transfers FAILS: ValueError: overdrawn: (-30, 130), at explore/explored_program.py:"
    )
    assert "the fewest with which it fails so" in text
    assert "necessary: the switch at step 2, from transfer to transfer 2" in text
    assert "differs at step 2" in text
    assert "another task goes on, although the one before could have" in text
    assert "\nreplay: x1." in text


def test_a_program_that_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 0; what the program prints is not in the report."""
    assert main(["explore", f"{PROGRAM}::one_transfer"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("one_transfer HOLDS: complete: every schedule, 1 execution\n")
    assert "transferred" not in text


def test_a_search_that_is_not_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and the report does not say that it holds."""
    status, printed = as_json(capsys, TARGET, "--executions", "1")
    assert (status, printed["verdict"]) == (2, "unknown")


def test_the_json_of_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything that the report says is there as data."""
    status, printed = as_json(capsys, TARGET)
    assert status == 1
    assert printed.keys() == KEYS
    failure = printed["failure"]
    assert failure.keys() == FAILURE_KEYS
    assert (printed["verdict"], failure["kind"], failure["exception"]["type"]) == (
        "fails",
        "check",
        "ValueError",
    )
    assert failure["exception"]["message"] == "overdrawn: (-30, 130)"
    assert failure["schedule"]["after"] == "0 0.0 0.1*2 0.0 0"
    assert failure["switches"]["after"] == 4
    assert failure["explained"][1] == {"step": 2, "from": "0.0", "to": "0.1", "kind": "necessary"}
    assert failure["nearest_passing"] == {"schedule": "0 0.0*2 0.1 0", "differs_at": 2}


def test_the_json_of_a_program_that_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """Outcomes come with a witness each, and there is no failure."""
    status, printed = as_json(capsys, f"{PROGRAM}::one_transfer")
    assert status == 0
    assert printed["outcomes"] == [{"outcome": "(20, 80)", "schedule": "0*2"}]
    assert printed["certificate"]["kind"] == "complete"
    assert printed["failure"] is None


def test_a_bound_of_preemptions(capsys: pytest.CaptureFixture[str]) -> None:
    """With a bound the certificate says which."""
    status, printed = as_json(capsys, TARGET, "--preemptions", "0")
    assert (status, printed["certificate"]["preemptions"]) == (0, 0)
    assert printed["certificate"]["text"].startswith("complete to 0 preemptions")


def test_the_limit_of_the_file_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """`HANG_AFTER` in the file says how long a program may take."""
    status, printed = as_json(capsys, f"{PROGRAM}::slow")
    assert (status, printed["failure"]["kind"]) == (1, "hang")


def test_the_limit_of_the_command_line_counts_more(capsys: pytest.CaptureFixture[str]) -> None:
    """`--virtual-seconds` overrides `HANG_AFTER`."""
    assert as_json(capsys, f"{PROGRAM}::slow", "--virtual-seconds", "150", "--clock", "virtual")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere.py::x"], "there is no file nowhere.py"),
        ([PROGRAM], "it takes FILE.py::NAME"),
        ([f"{PROGRAM}::nothing"], "has no 'nothing'; its async functions are transfer, two_transfers"),
        ([f"{PROGRAM}::check"], "check in"),
        ([f"{PROGRAM}::transfer"], "takes arguments (source, target, amount)"),
        ([TARGET, "--strategy", "luck"], "no exploration strategy is called 'luck'"),
        ([TARGET, "--executions", "many"], "invalid int value: 'many'"),
        ([TARGET, "--executions", "0"], "must be at least 1"),
        ([TARGET, "--preemptions", "-1"], "must be at least 0"),
        ([TARGET, "--footprints", "guessed"], "footprints are 'unknown' or 'declared'"),
        ([TARGET, "--clock", "real"], "invalid choice: 'real'"),
        ([TARGET, "--virtual-seconds", "0"], "--virtual-seconds must be above 0"),
        ([TARGET, "--replay", "x1.!"], "is damaged"),
        ([TARGET, "--replay", "hello"], "is no replay token"),
        ([TARGET, "--luck"], "unrecognized arguments: --luck"),
        ([], "the following arguments are required: FILE.py::NAME"),
    ],
)
def test_useless_input_is_refused_in_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bad path, name, option or token is one line and exit status 3."""
    assert complaint in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
        ("def broken(:", "cannot be imported: SyntaxError"),
        ("raise SystemExit(0)", "cannot be imported: SystemExit"),
        ("HANG_AFTER = 'soon'\nasync def x(): ...", "HANG_AFTER in"),
        ("check = 3\nasync def x(): ...", "check in"),
        ("x = 3", "and no async function at all"),
    ],
)
def test_a_file_that_is_no_use_is_refused_in_one_line(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So is a file that cannot be imported, or that says something impossible."""
    path = tmp_path / "useless_program.py"
    path.write_text(text, encoding="utf-8")
    assert complaint in refused(capsys, f"{path}::x")


def test_a_token_replays_exactly_that_execution(capsys: pytest.CaptureFixture[str]) -> None:
    """The token of a failure leads to the same failure, by one execution."""
    token = as_json(capsys, TARGET)[1]["failure"]["replay"]
    status, printed = as_json(capsys, TARGET, "--replay", token)
    assert (status, printed["executions"]) == (1, 1)
    assert printed["failure"]["schedule"]["before"] == "0 0.0 0.1*2 0.0 0"
    assert printed["failure"]["replay"] == token


def test_a_token_survives_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    """A token has no character that a shell would touch, and does not look like an option."""
    token = as_json(capsys, TARGET)[1]["failure"]["replay"]
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert token.startswith("x1.")


def test_a_file_that_has_changed_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A token is of one version of a file."""
    token = as_json(capsys, TARGET)[1]["failure"]["replay"]
    path = tmp_path / "changed_program.py"
    path.write_text(Path(PROGRAM).read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert "has changed since the replay token was made" in refused(
        capsys, f"{path}::two_transfers", "--replay", token
    )


def test_another_process_finds_and_replays_the_same() -> None:
    """Everything but the time it took is the same in every process, whatever seed hashes have."""
    found = [in_a_process(TARGET, "--json", hash_seed=seed) for seed in ("1", "2")]
    first, second = (json.loads(each.stdout) for each in found)
    del first["seconds"], second["seconds"]
    assert first == second
    replayed = in_a_process(TARGET, "--json", "--replay", first["failure"]["replay"], hash_seed="3")
    assert replayed.returncode == 1
    assert json.loads(replayed.stdout)["failure"]["exception"] == first["failure"]["exception"]
