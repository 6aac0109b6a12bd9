"""Minimises a failing schedule: the fewest switches between tasks with which the same thing goes wrong.

A schedule is minimised over a callable that executes a *wish* (an order of steps, followed as far as the
program allows) and tells what came of it. Every candidate is really executed, so what is returned is a
schedule that fails, never one that should.

First delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE
2002) over the blocks of the schedule, a block being the steps that one task makes in a row: drop the tail,
drop chunks of blocks, join a block with the next or the one before of the same task. That gets from hundreds
of switches to a few, but may stop at a local minimum. Then, from small to large, all schedules with fewer
switches, as far as the budget reaches (iterative context bounding, Musuvathi and Qadeer, PLDI 2007); when
none of them is left, the minimum is proven.

Rejected: asking the strategy for a simple schedule in the first place. `bounded` finds one, but the failures
worth minimising are those that only another strategy found.

What explains a schedule comes from the same means. A switch is *necessary* if the failure is gone when the
task before it goes on for as long as it can. The *nearest passing schedule* is the one that agrees with the
failing schedule for longest: the last moment at which another choice would have saved the program.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Literal

from attrs import define, field, frozen

from machines.world.choices import Token

EXECUTIONS_MAX = 2_000
"""What a minimisation may cost by default, in executions: less than a second for a program of a few tasks."""

_EXPLAINING_SHARE = 4
"""The part of the budget that is kept for explaining: one fourth."""

Block = tuple[Token, int]


@frozen
class Ran:
    """What came of a wish: the schedule as it was, and the reason for which it failed; None if it passed."""

    tokens: tuple[Token, ...]
    reason: Hashable | None
    preemptions: int = 0

    @property
    def switches(self) -> int:
        """How often another task than before went on."""
        return switches(self.tokens)

    @property
    def cost(self) -> tuple[int, int, int]:
        """What is minimised, the most important first."""
        return self.switches, self.preemptions, len(self.tokens)


Run = Callable[[Sequence[Token]], Ran]
"""Executes a wish; the same wish always gives the same."""


@frozen
class Switch:
    """A switch of the minimised schedule, at place `at`, from one task to another.

    `forced`: the task before it could not go on. `necessary`: if it goes on, the failure is gone. `spare`: it
    makes no difference on its own.
    """

    at: int
    before: Token
    after: Token
    kind: Literal["forced", "necessary", "spare"]


@frozen
class Minimised:
    """A failing schedule, before and after.

    `fewest`: every schedule with fewer switches has been executed, and none fails so. `passing`: the nearest
    passing schedule that was found, which differs from the minimised one from place `differs_at` on.
    """

    before: Ran
    after: Ran
    executions: int
    fewest: bool = False
    switches: tuple[Switch, ...] = ()
    passing: Ran | None = None
    differs_at: int | None = None


def switches(tokens: Sequence[Token]) -> int:
    """How often neighbours differ."""
    return sum(one != other for one, other in itertools.pairwise(tokens))


def minimise(run: Run, failing: Ran, executions_max: int = EXECUTIONS_MAX) -> Minimised:
    """The simplest schedule found that fails for the same reason as `failing`, and what explains it."""
    assert failing.reason is not None
    trials = _Trials(run, failing.reason, executions_max - executions_max // _EXPLAINING_SHARE)
    best, fewest = failing, False
    while not trials.spent:
        best = _reduced(trials, best)
        found = _with_fewer_switches(trials, best)
        if found is None:
            fewest = not trials.spent
            break
        best = found
    trials.left += executions_max // _EXPLAINING_SHARE
    explained = tuple(_explained(trials, best))
    passing, differs_at = _nearest_passing(trials, best)
    return Minimised(failing, best, trials.made, fewest, explained, passing, differs_at)


@define(eq=False)
class Wish:
    """A chooser that makes steps in a wished order: the first wished one that is possible, else option 0.

    State: what is still wished for; how many steps of the execution, whose schedule is `done`, are accounted
    for. A step that happens otherwise is struck off too.
    """

    _left: deque[Token]
    done: Sequence[Token] = ()
    _seen: int = 0

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> Wish:
        """The wish for these steps; give it the schedule of the execution, as it grows, in `done`."""
        return cls(deque(tokens))

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """As `machines.world.kernel.Chooser`."""
        left = self._left
        for token in itertools.islice(self.done, self._seen, step):
            if left and left[0] == token:
                left.popleft()
            elif token in left:
                left.remove(token)
        self._seen = step
        for token in left:
            if token in options:
                return options.index(token)
        return 0


@define(eq=False)
class _Trials:
    """Executes wishes within a budget. State: how many are left and were made; what came of each."""

    run: Run
    reason: Hashable
    left: int
    made: int = 0
    known: dict[tuple[Token, ...], Ran] = field(factory=dict)
    _wished: dict[tuple[Token, ...], Ran] = field(factory=dict)

    @property
    def spent(self) -> bool:
        return self.left <= 0

    def run_wish(self, wish: Sequence[Token]) -> Ran | None:
        """What comes of a wish; None if there is no budget for it."""
        key = tuple(wish)
        if key not in self._wished:
            if self.spent:
                return None
            self.left -= 1
            self.made += 1
            ran = self._wished[key] = self.run(key)
            self.known.setdefault(ran.tokens, ran)
        return self._wished[key]

    def better(self, wish: Sequence[Token], than: Ran) -> Ran | None:
        """What comes of a wish, if it fails for the same reason at less cost."""
        ran = self.run_wish(wish)
        return ran if ran is not None and ran.reason == self.reason and ran.cost < than.cost else None


# -- delta debugging


def _reduced(trials: _Trials, best: Ran) -> Ran:
    """Apply whatever makes the schedule simpler, until nothing does."""
    while True:
        wishes = _simpler(blocks_of(best.tokens))
        found = next((ran for wish in wishes if (ran := trials.better(wish, best)) is not None), None)
        if found is None:
            return best
        best = found


def _simpler(blocks: list[Block]) -> Iterator[list[Token]]:
    """Orders of steps that are simpler, the most daring first."""
    count = len(blocks)
    for kept in sorted({0, 1, *(count * part // 8 for part in range(1, 8)), count - 1}):
        yield _steps(blocks[:kept])
    size = max(count // 2, 1)
    while size:
        for start in range(0, count, size):
            yield _steps(blocks[:start] + blocks[start + size :])
        size //= 2
    for place in range(count):
        yield from _joined(blocks, place)


def _joined(blocks: list[Block], place: int) -> Iterator[list[Token]]:
    """A block made together with the next, and with the one before, of the same task."""
    token, steps = blocks[place]
    others = [other for other, block in enumerate(blocks) if block[0] == token]
    without = [*blocks[:place], (token, 0), *blocks[place + 1 :]]
    for other in (
        next((other for other in others if other > place), None),
        next((other for other in reversed(others) if other < place), None),
    ):
        if other is not None:
            joined = list(without)
            joined[other] = (token, blocks[other][1] + steps)
            yield _steps(joined)


def blocks_of(tokens: Sequence[Token]) -> list[Block]:
    """The steps made in a row, as (task, how many)."""
    return [(token, len(list(run))) for token, run in itertools.groupby(tokens)]


def _steps(blocks: Sequence[Block]) -> list[Token]:
    return [token for token, steps in blocks for _ in range(steps)]


# -- all schedules with fewer switches


def _with_fewer_switches(trials: _Trials, best: Ran) -> Ran | None:
    """A failing schedule of less cost among all with fewer switches, looked for from small to large.

    Each schedule is reached from the one that it deviates from last, so that all those whose prefix up to the
    last deviation has few enough switches are met.
    """
    levels: list[deque[tuple[Ran, int]]] = [deque() for _ in range(best.switches)]
    tasks = sorted({*best.tokens}, key=str)
    start = trials.run_wish(())
    if start is None or not levels:
        return None
    met = {start.tokens}
    levels[0].append((start, 0))
    for level in levels:
        while level:
            ran, deviated = level.popleft()
            if ran.reason == trials.reason and ran.cost < best.cost:
                return ran
            for place, other in _deviations(ran, deviated, tasks):
                wish = (*ran.tokens[:place], other)
                cost = switches(wish)
                if cost >= len(levels):
                    continue
                next_ran = trials.run_wish(wish)
                if next_ran is None:
                    return None
                if next_ran.tokens not in met and next_ran.tokens[: place + 1] == wish:
                    met.add(next_ran.tokens)
                    levels[cost].append((next_ran, place + 1))
    return None


def _deviations(ran: Ran, start: int, tasks: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    for place in range(max(start, 1), len(ran.tokens)):
        for other in tasks:
            if other != ran.tokens[place]:
                yield place, other


# -- what explains it


def _explained(trials: _Trials, best: Ran) -> Iterator[Switch]:
    """Each switch of the schedule, with what becomes of it if the task before goes on."""
    tokens = best.tokens
    for place in range(1, len(tokens)):
        before, after = tokens[place - 1], tokens[place]
        if before == after:
            continue
        rest = tokens[place:]
        own = [token for token in rest if token == before] or [before]
        ran = trials.run_wish([*tokens[:place], *own, *(token for token in rest if token != before)])
        if ran is None:
            return
        if ran.tokens[place : place + 1] != (before,):
            yield Switch(place, before, after, "forced")
        elif ran.reason == trials.reason:
            yield Switch(place, before, after, "spare")
        else:
            yield Switch(place, before, after, "necessary")


def _nearest_passing(trials: _Trials, best: Ran) -> tuple[Ran | None, int | None]:
    """The passing schedule with one choice changed that agrees with the failing one for longest."""
    tokens = best.tokens
    tasks = sorted({*tokens}, key=str)
    for place in range(len(tokens) - 1, 0, -1):
        for other in tasks:
            if other == tokens[place]:
                continue
            for rest in (tokens[place:], ()):
                ran = trials.run_wish((*tokens[:place], other, *rest))
                if ran is None:
                    return _known_passing(trials, best)
                if ran.reason is None and ran.tokens[: place + 1] == (*tokens[:place], other):
                    return ran, place
    return _known_passing(trials, best)


def _known_passing(trials: _Trials, best: Ran) -> tuple[Ran | None, int | None]:
    """The passing schedule met so far that agrees with the failing one for longest."""
    passing = [ran for ran in trials.known.values() if ran.reason is None]
    if not passing:
        return None, None
    nearest = max(passing, key=lambda ran: _agreement(ran.tokens, best.tokens))
    return nearest, _agreement(nearest.tokens, best.tokens)


def _agreement(one: Sequence[Token], other: Sequence[Token]) -> int:
    """For how many steps two schedules agree."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))
