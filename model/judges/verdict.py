"""What a judge says: it holds, it is violated, or it is unknown; and why.

Three outcomes, as in Jepsen's checkers, because a judge that gave up has not shown that all is well. A
verdict refuses to be used as a truth value: `if verdict:` would have to call `unknown` one or the other.
"""

from typing import Literal, NoReturn

from attrs import frozen

Outcome = Literal["holds", "violated", "unknown"]


@frozen
class Verdict:
    """The outcome, why, and how many things were judged (0: it holds because there was nothing to see)."""

    outcome: Outcome
    explanation: str = ""
    exercised: int = 0

    @property
    def holds(self) -> bool:
        """Nothing speaks against it, and everything was looked at."""
        return self.outcome == "holds"

    @property
    def violated(self) -> bool:
        """The explanation says what is wrong."""
        return self.outcome == "violated"

    @property
    def unknown(self) -> bool:
        """The judge gave up; the explanation says at what."""
        return self.outcome == "unknown"

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict has three outcomes: ask it for .holds, .violated or .unknown")


def from_complaints(complaints: list[str], exercised: int) -> Verdict:
    """Violated if there is any complaint, with one line for each; otherwise it holds."""
    if complaints:
        return Verdict("violated", "\n".join(complaints), exercised)
    return Verdict("holds", "", exercised)


def all_of(*verdicts: Verdict) -> Verdict:
    """Violated if one is; else unknown if one is, or if there are none; else it holds.

    The explanation is that of the parts that decided, in order; the exercises are added up.
    """
    exercised = sum(verdict.exercised for verdict in verdicts)
    for outcome in ("violated", "unknown"):
        deciding = [verdict for verdict in verdicts if verdict.outcome == outcome]
        if deciding:
            return Verdict(outcome, "\n".join(verdict.explanation for verdict in deciding), exercised)
    if not verdicts:
        return Verdict("unknown", "nothing was judged")
    return Verdict("holds", "", exercised)
