"""The pytest plugin of the machines: options, shards, replay, summary. `-p machines.plugin` loads it."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from machines import profiles, summary
from machines.exploration.strategy import strategy_named
from machines.machine import ConcurrentMachine
from machines.progress import ProgressLine
from machines.replaying import REPLAYED, ReplayItem
from machines.run_record import FOLDER, RunRecord
from machines.shards import FOUND, SHARDS, TALLY, MachineCollector, Run, is_machine
from machines.tally import Tally

profiles.register()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the machines."""
    group = parser.getgroup("tandem", "Tandem: model checking of concurrent services")
    add = group.addoption
    add("--replay", metavar="FILE", help="run exactly the execution that a counterexample file holds")
    add("--acceptance", action="store_true", help="end with the table of acceptance criteria")
    add("--seed", metavar="N", help="seed of the whole run (default: 0; nightly: a fresh one, printed)")
    add("--shards", metavar="N", help=f"items that each machine is split into (default: {SHARDS})")
    add("--strategy", metavar="NAME", help="how bursts are explored (default: the profile's)")
    add("--executions", metavar="N", help="executions per burst at the most (default: the profile's)")
    add("--programs", metavar="N", help="programs per machine (default: the profile's)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the options once; a wrong one is an error before anything runs."""
    try:
        run = _run(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    # Where warnings are errors, a disk too full for pytest's cache would end the run without its report.
    config.addinivalue_line("filterwarnings", "default::pytest.PytestCacheWarning")
    config.pluginmanager.register(Tandem(config, run), "tandem")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker the seed, which only one process may draw."""
    node.workerinput["tandem_seed"] = node.config.pluginmanager.get_plugin("tandem").run.seed


def _run(config: pytest.Config) -> Run:
    name = config.getoption("--hypothesis-profile", None) or profiles.default_profile()
    profile = profiles.profile_named(name)
    exploring = profile.exploring
    strategy, executions_max = config.getoption("--strategy"), _number(config, "--executions", 1)
    if strategy is not None:
        strategy_named(strategy)
        exploring = evolve(exploring, strategy=strategy)
    if executions_max is not None:
        exploring = evolve(exploring, executions_max=executions_max)
    shards = _number(config, "--shards", 1) or SHARDS
    programs = _number(config, "--programs", 1)
    return Run(profile, _seed(config, profile), shards, exploring, config.rootpath / FOLDER, programs)


def _number(config: pytest.Config, option: str, least: int) -> int | None:
    """The value of an option that takes a number; None if it is not given."""
    value = config.getoption(option)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        raise ValueError(f"{option} takes a whole number from {least} up, not {value!r}")
    return int(value)


def _seed(config: pytest.Config, profile: profiles.Profile) -> int:
    told = getattr(config, "workerinput", {}).get("tandem_seed")
    if told is not None:
        return int(told)
    given = _number(config, "--seed", 0)
    if given is not None:
        return given
    return secrets.randbelow(2**32) if profile.fresh_seed else 0


@define
class _Counted:
    """What the shards of one machine have reported, and how many of them passed."""

    tally: Tally = field(factory=Tally)
    passed: int = 0
    fault_kinds: tuple[str, ...] = ()


class Tandem:
    """One run.

    State: what the shards have reported, by machine, and what replays have; which shard found a
    counterexample first; the progress line, in the process that owns the terminal; at the end, what a full
    run did not meet, and why the record of the run could not be saved.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run
        self.is_worker = hasattr(config, "workerinput")
        self.counted: dict[str, _Counted] = {}
        self.replayed: list[str] = []
        self.found: dict[object, str] = {}
        self.line: ProgressLine | None = None
        self.complaints: list[summary.Complaint] = []
        self.unsaved: OSError | None = None

    def pytest_report_header(self) -> str:
        """Say which run this is."""
        exploring = self.run.exploring
        return (
            f"tandem: profile {self.run.profile.name}, seed {self.run.seed}, strategy {exploring.strategy}, "
            f"at most {exploring.executions_max} executions a burst"
        )

    # -- collecting

    def pytest_pycollect_makeitem(self, collector: Any, obj: object) -> Any:
        """Collect a machine where it is defined, and not where it is imported."""
        if is_machine(obj, collector.obj.__name__):
            return MachineCollector.of(collector, obj, self.run)  # type: ignore[arg-type] # is_machine has looked
        return [] if _is_somebody_elses(obj) else None

    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """With `--replay`, run that and nothing else."""
        path = self.config.getoption("--replay")
        if path:
            items[:] = [ReplayItem.of(session, Path(self.config.invocation_params.dir) / path)]

    # -- running

    def pytest_sessionstart(self) -> None:
        """Prepare the progress line."""
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or self.is_worker or self.config.getoption("--replay"):
            return
        self.line = ProgressLine(self.run.folder, reporter._tw._file)  # noqa: SLF001 - where it writes
        self.line.prepare()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Show the progress line from the first shard on."""
        if "::shard-" in nodeid and self.line is not None:
            self.line.show()

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """A shard that passes prints nothing while the progress line is there."""
        if report.passed and report.when == "call" and "::shard-" in report.nodeid and self.line is not None:
            return ("passed", "" if self.line.wanted else ".", "PASSED")
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take over what a shard has counted, or a replay has found."""
        if report.when != "call":
            return
        self._tell_once(report)
        for name, data in report.user_properties:
            if name == TALLY and isinstance(data, dict):
                counted = self.counted.setdefault(data["machine"], _Counted())
                counted.tally.add(Tally.from_json(data["tally"]))
                counted.fault_kinds = tuple(data["fault_kinds"])
                counted.passed += report.passed
            elif name == REPLAYED:
                self.replayed.append(str(data))

    def _tell_once(self, report: pytest.TestReport) -> None:
        """Shards often find, and shrink to, the same: that is told in full for the first of them."""
        names = tuple(data for name, data in report.user_properties if name == FOUND)
        if names and not self.is_worker:
            first = self.found.setdefault(names, report.nodeid)
            if first != report.nodeid:
                report.longrepr = f"the same as {first} has found: {', '.join(map(str, names))}"

    # -- the end

    @property
    def record(self) -> RunRecord:
        """All that was counted."""
        machines = {name: counted.tally for name, counted in sorted(self.counted.items())}
        return RunRecord(self.run.profile.name, self.run.seed, self.run.arguments, machines)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Save the counts, and fail a full run that did not meet what it is tied to."""
        if self.line is not None:
            self.line.end()
        if self.is_worker or not self.counted:
            return
        try:
            self.record.save(self.run.folder)
        except OSError as error:
            self.unsaved = error
        self.complaints = self._complaints()
        if (self.complaints or self.unsaved is not None) and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _complaints(self) -> list[summary.Complaint]:
        """What the machines that ran in full, and passed, did not meet."""
        if self.run.limited:
            return []
        return [
            complaint
            for name, counted in sorted(self.counted.items())
            if counted.passed == self.run.shards
            for complaint in summary.complaints(name, counted.tally, counted.fault_kinds)
        ]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the summary, the table if asked for, and what is missing."""
        for text in self.replayed:
            _section(terminalreporter, "replay", text.splitlines())
        if not self.counted:
            return
        record = self.record
        if self.config.getoption("--acceptance"):
            _section(terminalreporter, "acceptance criteria", summary.acceptance_lines(record))
        _section(terminalreporter, "tandem", summary.lines(record))
        if self.unsaved is not None:
            why = f"the record of this run could not be saved ({self.unsaved}); this is what it would hold:"
            _section(terminalreporter, "NOT SAVED", [why, record.as_json()], red=True)
        if self.complaints:
            why = "nothing was violated, but the run proves less than it should:"
            _section(terminalreporter, "RUN FAILED", [why, *map(str, self.complaints)], red=True)


def _is_somebody_elses(obj: object) -> bool:
    """Whether it is a machine all the same: one that another module defines, or the base of others."""
    return isinstance(obj, type) and issubclass(obj, ConcurrentMachine)


def _section(reporter: Any, title: str, lines: list[str], **markup: bool) -> None:
    reporter.write_sep("=", title, **markup)
    for line in lines:
        reporter.write_line(line, **markup)
