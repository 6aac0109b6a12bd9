"""Happens-before, races and wakeup trees: the order theory under the `exhaustive` strategy.

Source: Abdulla, Aronis, Jonsson and Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order
Reduction", Journal of the ACM 64(4), 2017; the names below are the paper's. A process here is a task, or a
kind of fault.

What trio makes simpler than the paper: a task that can step stays able to step until it does, because trio
has no blocked operation, only a step that ends by waiting. So what enables a step is the step that woke its
task (or spawned it), and where a task waited for all its children to end, the last step of each: its
*enablers*. A race can be reversed exactly if the later step was enabled before the earlier one. What trio
adds: time moves only when nothing can step, which orders everything before against everything after. Each
stretch without such a jump is an *era*; races are within one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import define, field

from machines.world.footprint import Footprint
from machines.world.kernel import Token


@define(slots=True, eq=False)
class Event:
    """One step of an execution: its place, its process, what it touched, the mask of its enablers, its era.

    `before` is the bit mask of the events that happen before it. `optional`: a fault that did not happen in
    its era, noted at the era's end, so that its happening earlier is tried.
    """

    index: int
    process: Token
    footprint: Footprint
    enablers: int = 0
    era: int = 0
    optional: bool = False
    before: int = 0


@define(slots=True, eq=False)
class Wakeup:
    """A node of a wakeup tree: the step that leads to it, and its children in the order of exploration."""

    process: Token = ""
    footprint: Footprint = field(factory=Footprint)
    children: list[Wakeup] = field(factory=list)


def dependent(one: Event, other: Event) -> bool:
    """Whether two steps of one era may not be swapped; two faults that both did not happen may."""
    if one.process == other.process:
        return True
    if one.optional and other.optional:
        return False
    return one.footprint.depends_on(other.footprint)


def races(events: Sequence[Event]) -> list[tuple[int, int]]:
    """Fill in `before` for all events of an execution; gives the reversible races, as pairs of places.

    A race is a pair of dependent steps of different processes with nothing between them in happens-before.
    Going back from a step, each dependent one that is not already known to come before it is such a
    neighbour.
    """
    found = []
    era_start = 0
    for place, event in enumerate(events):
        if place and event.era != events[place - 1].era:
            era_start = place
        before = (1 << era_start) - 1
        for enabler in places(event.enablers):
            before |= events[enabler].before | 1 << enabler
        for earlier in range(place - 1, era_start - 1, -1):
            if before >> earlier & 1:
                continue
            other = events[earlier]
            if dependent(other, event):
                before |= other.before | 1 << earlier
                if other.process != event.process:
                    found.append((earlier, place))
        event.before = before
    return found


def places(bits: int) -> Iterator[int]:
    """The places in a bit mask, the highest first."""
    while bits:
        place = bits.bit_length() - 1
        yield place
        bits ^= 1 << place


def reversal(events: Sequence[Event], first: int, second: int) -> list[Event]:
    """notdep(e, E) . e': what can happen from before the first step on without it, and then the second."""
    bit = 1 << first
    kept = [event for event in events[first + 1 :] if not (event.before & bit or event.optional)]
    return [*kept, events[second]]


def first_of(process: Token, steps: Sequence[Event]) -> Event | None:
    """The first step of a process in a sequence."""
    return next((step for step in steps if step.process == process), None)


def is_weak_initial(process: Token, footprint: Footprint, steps: Sequence[Event]) -> bool:
    """Whether some order of these steps, perhaps with one step more, begins with this process's next step.

    WI(w): the process has a step in w that nothing in w happens before; or none, and its next step, with this
    footprint, is independent of all of w.
    """
    own = first_of(process, steps)
    if own is not None:
        return not own.before & mask(steps)
    return not any(footprint.depends_on(step.footprint) for step in steps)


def mask(steps: Sequence[Event]) -> int:
    """The bit mask of the places of these steps."""
    bits = 0
    for step in steps:
        bits |= 1 << step.index
    return bits


def insert(tree: Wakeup, steps: list[Event]) -> bool:
    """Add a sequence to a wakeup tree, unless a branch of the tree already leads to something equivalent.

    Goes down the first child whose step can come first in the sequence, or that does not matter to it; a leaf
    met on the way covers the sequence. Whether something was added.
    """
    node = tree
    while True:
        child = next(
            (each for each in node.children if is_weak_initial(each.process, each.footprint, steps)), None
        )
        if child is None:
            break
        own = first_of(child.process, steps)
        steps = [step for step in steps if step is not own]
        if not child.children:
            return False
        node = child
    for step in steps:
        leaf = Wakeup(step.process, step.footprint)
        node.children.append(leaf)
        node = leaf
    return bool(steps)
