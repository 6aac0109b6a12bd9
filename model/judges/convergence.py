"""Judges that replicas agree, and stay as they are, some time after changes and faults have stopped."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Final, final

from attrs import frozen

from model.judges.verdict import Verdict, from_complaints


@final
@frozen
class Whatever:
    """No state in particular: it is enough that all replicas agree."""


WHATEVER: Final = Whatever()


@frozen
class Observation:
    """The state of a replica at a time."""

    at: float
    replica: Hashable
    state: Hashable


def judge_convergence(
    observations: Sequence[Observation],
    replicas: Iterable[Hashable],
    quiet_from: float,
    bound: float,
    expected: Hashable = WHATEVER,
) -> Verdict:
    """From `quiet_from + bound` on every replica shows one and the same state, the expected one if given.

    `quiet_from` is when the last change was made and the last fault ended. What is observed at the deadline
    or later has to agree, every time: a state that is reached and left again, by a reconciliation that finds
    something to do, is a complaint. A replica that was not looked at by then makes the verdict unknown.
    Exercised: the replicas that were seen in another state before.
    """
    deadline = quiet_from + bound
    late = [each for each in observations if each.at >= deadline]
    names = list(dict.fromkeys(replicas))
    agreed = late[0].state if late and expected == WHATEVER else expected
    complaints = [
        f"{each.replica} is in state {each.state!r} at {each.at:g}, {each.at - quiet_from:g} after changes "
        f"and faults stopped; it should be {agreed!r}"
        for each in late
        if each.state != agreed
    ]
    early = {each.replica for each in observations if each.at < deadline and each.state != agreed}
    if complaints:
        return from_complaints(complaints, len(early))
    seen = {each.replica for each in late}
    unseen = [str(name) for name in names if name not in seen]
    if unseen or not names:
        missing = ", ".join(unseen) or "no replica"
        return Verdict("unknown", f"not observed at {deadline:g} or later: {missing}", len(early))
    return Verdict("holds", "", len(early))
