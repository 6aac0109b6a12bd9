"""What would make results untrustworthy is found, and reported as what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import pytest

from machines.exploring import Offered
from machines.machine import Exploring
from machines.world.errors import NondeterminismError
from machines.world.kernel import Token
from machines.world.node import UncopyableSystemError
from tests.counterexample.toy import Increment
from tests.machines.toy import (
    AddressSubject,
    ClosureHoldingSubject,
    CountingEverythingSubject,
    ForgetfulSubject,
    LockHoldingSubject,
    SteadySubject,
    UnjudgedMachine,
    WaveringSubject,
    variant,
)

A, B = Increment("a"), Increment("b")


class _Stubborn:
    """Asks for the third choice, whatever there is."""

    def choose(self, _options: Sequence[Token], _tasks: int, *, preempting: bool, step: int) -> int:
        """The third."""
        del preempting, step
        return 2


def _interrupted(*_args: object) -> NoReturn:
    """Where a Ctrl-C may well fall."""
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("subject", "what"),
    [
        (
            LockHoldingSubject(),
            "the running lock-holding counters holds .* cannot pickle '_thread.lock' object",
        ),
        (ClosureHoldingSubject(), "the running closure-holding counters holds .*<lambda>"),
    ],
)
def test_a_system_that_cannot_be_copied_is_refused(subject: SteadySubject, what: str) -> None:
    """A system that holds a lock of the operating system's, or a closure, is refused, with what to do."""
    with pytest.raises(UncopyableSystemError, match=what) as caught:
        variant(UnjudgedMachine, subject=subject)()
    assert "Keep closures, tasks, open files and held locks out of what lives" in str(caught.value)


@pytest.mark.parametrize(
    ("subject", "what"),
    [
        (CountingEverythingSubject(), "other answers"),
        (AddressSubject(), "other rows"),
        (WaveringSubject(), "another schedule"),
    ],
)
def test_a_call_that_differs_when_repeated_is_reported(subject: SteadySubject, what: str) -> None:
    """A counter of the whole process, an address, a step that comes and goes: each is found, and named."""
    with pytest.raises(NondeterminismError, match=f"under the same schedule, differed: {what}") as caught:
        variant(UnjudgedMachine, subject=subject)().call(A)
    assert "real time, hash order, id(), or state that outlives an execution" in str(caught.value)


def test_a_schedule_that_cannot_be_repeated_is_reported() -> None:
    """A burst whose schedule the system does not offer a second time is nondeterminism, and no violation."""
    machine = variant(UnjudgedMachine, subject=WaveringSubject(), exploring=Exploring(recheck_every=1))()
    with pytest.raises(NondeterminismError, match="differed: "):
        machine.interleave([[A], [B], [A]])


def test_a_copy_that_leaves_something_behind_is_reported() -> None:
    """State that copies of the system do not carry is found when the program runs from its very beginning."""
    machine = variant(UnjudgedMachine, subject=ForgetfulSubject())()
    machine.call(A)
    machine.call(A)
    with pytest.raises(
        NondeterminismError, match=r"from the very beginning, without copies .* other answers"
    ):
        machine.teardown()


def test_a_choice_that_is_not_offered_again_is_reported() -> None:
    """A strategy that goes back to a choice which the program no longer offers has met nondeterminism."""
    offered = Offered(_Stubborn())
    assert offered.choose([0, 1, 2], 3, preempting=False, step=4) == 2
    with pytest.raises(NondeterminismError, match="at step 4 there were 3 choices or more before, and now 2"):
        offered.choose([0, 1], 2, preempting=False, step=4)


def test_ctrl_c_is_not_turned_into_another_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C in the middle of an execution the end of the program does not explore any more."""
    machine = variant(UnjudgedMachine)()
    machine.call(A)

    monkeypatch.setattr(machine, "_judged", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        machine.call(A)
    machine.teardown()
    assert variant(UnjudgedMachine)().call(A) == 1
