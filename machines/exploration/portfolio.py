"""The `portfolio` strategy: several strategies share one budget, by what they find.

None wins everywhere: a race that needs one long delay is found by `pct` and never by a random walk, one
that needs six alternations the other way round. So the budget goes to all of them, in rounds: half of each
round equally, so that whichever alone finds the bug has a tenth of the executions, and at most ten times
what it would have needed alone; the other half in proportion to the rate at which each found something new
in the rounds before, older ones counting half as much with each round. What is new is the driver's to say
(`found`): an outcome, as far as it can tell outcomes apart, or else a schedule. Without any word from it
all get the same.

This is a bandit, made deterministic: sharing by rates needs no coin, unlike EXP3, and unlike UCB1, which
supposes that a strategy's rate stays the same, it follows rates that fall to 0 as the outcomes run out.

Each strategy draws from a stream of its own, made from the seed and its name, and learns from its own
executions alone: what one of them does depends on how many it has made and not on the others. When
`bounded` has executed every schedule there is none left for anybody, and the certificate is complete. A
claim of `bounded` up to k preemptions holds whatever else was executed, and the numbers of the samplers
stand beside it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from attrs import define, evolve

from machines.exploration.bounded import Bounded
from machines.exploration.certificate import Certificate
from machines.exploration.pct import Pct
from machines.exploration.pos import Pos
from machines.exploration.random_walk import RandomWalk
from machines.exploration.uniform import Uniform
from machines.world.choices import Token
from machines.world.footprint import Footprint, Resources

Member = Bounded | Pct | Pos | Uniform | RandomWalk

_ROUND_EQUAL = 2
"""Executions of each in every round; as many again, over all, are shared by what was found."""


_FOUND_AT_LEAST = 0.1
"""A single find is forgotten after about four rounds."""


@define(eq=False)
class _Share:
    """A member: how much it found in how many executions lately, and over how many executions in all."""

    strategy: Member
    found: float = 0.0
    tried: float = 0.0
    executions: int = 0

    @property
    def rate(self) -> float:
        """How often it finds something; never 0, so that an old find does not outweigh nothing for ever."""
        return (self.found + _FOUND_AT_LEAST) / (self.tried + 1)


class Portfolio:
    """State: the members and what they found; `_turns`, the rest of this round; whose turn it is."""

    def __init__(self, seed: int) -> None:
        self._pos = Pos(_derived(seed, "pos"))
        self._shares = {
            "bounded": _Share(Bounded()),
            "pct": _Share(Pct(_derived(seed, "pct"))),
            "pos": _Share(self._pos),
            "uniform": _Share(Uniform(_derived(seed, "uniform"))),
            "random": _Share(RandomWalk(_derived(seed, "random"))),
        }
        self._turns: Iterator[str] = iter(())
        self._current = self._shares["bounded"]
        self._choices = 1
        self._exhausted = False

    def begin(self) -> bool:
        """The next turn; False when every schedule has been executed, as far as any member can tell."""
        self._exhausted = self._exhausted or self._choices == 0
        if self._exhausted:
            return False
        self._choices = 0
        self._current = self._next()
        self._exhausted = not self._current.strategy.begin()
        if not self._exhausted:
            self._current.tried += 1
            self._current.executions += 1
        return not self._exhausted

    def _next(self) -> _Share:
        name = next(self._turns, None)
        if name is None:
            self._turns = self._round()
            name = next(self._turns)
        return self._shares[name]

    def _round(self) -> Iterator[str]:
        """The turns of one more round, members alternating as long as they have any left."""
        rates = [share.rate for share in self._shares.values()]
        extra = apportioned(_ROUND_EQUAL * len(rates), rates)
        left = {name: _ROUND_EQUAL + more for name, more in zip(self._shares, extra, strict=True)}
        for share in self._shares.values():
            share.found /= 2
            share.tried /= 2
        return (name for turn in range(max(left.values())) for name in left if turn < left[name])

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:
        """As the member whose turn it is."""
        self._choices += 1
        return self._current.strategy.choose(options, tasks, preempting=preempting, step=step)

    def found(self, new: bool) -> None:  # noqa: FBT001 - the interface's: one fact, and the only one
        """The execution that is over showed something new, or nothing."""
        self._current.found += new

    @property
    def traces(self) -> bool:
        """Whether the member whose turn it is wants to be told of each step; only `pos` ever does."""
        return self._current.strategy is self._pos and self._pos.traces

    @property
    def resources(self) -> Resources:
        """Those of the member that is told of steps."""
        return self._pos.resources

    def allow(self, fault: Token) -> None:
        """To the member that is told of steps."""
        self._pos.allow(fault)

    def stepped(self, token: Token, footprint: Footprint, woken: Mapping[Token, tuple[Token, ...]]) -> None:
        """To the member that is told of steps."""
        self._pos.stepped(token, footprint, woken)

    def time_passed(self, woken: Mapping[Token, tuple[Token, ...]]) -> None:
        """To the member that is told of steps."""
        self._pos.time_passed(woken)

    @property
    def executions_by_name(self) -> dict[str, int]:
        """How many executions each member has made."""
        return {name: share.executions for name, share in self._shares.items()}

    def certificate(self, executions: int) -> Certificate:
        """What `bounded` claims, with the estimate of `uniform` (or `random`) and the chances of `pct`."""
        each = {name: share.strategy.certificate(share.executions) for name, share in self._shares.items()}
        if self._exhausted or any(certificate.complete for certificate in each.values()):
            return Certificate("complete", executions)
        estimate = each["uniform"].schedules_estimate
        if estimate is None:
            estimate = each["random"].schedules_estimate
        return evolve(
            each["bounded"],
            executions=executions,
            schedules_estimate=estimate,
            detection=each["pct"].detection,
        )


def apportioned(count: int, weights: Sequence[float]) -> list[int]:
    """`count` divided in proportion to the weights, which are above 0; largest remainders rounded up."""
    total = sum(weights)
    shares = [count * weight / total for weight in weights]
    whole = [int(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda place: whole[place] - shares[place])
    for place in by_remainder[: count - sum(whole)]:
        whole[place] += 1
    return whole


def _derived(seed: int, name: str) -> int:
    """A seed for one member; a text as seed is hashed by `random` itself, the same in every process."""
    return random.Random(f"{seed} {name}").getrandbits(64)  # noqa: S311 - a seeded stream is the point
