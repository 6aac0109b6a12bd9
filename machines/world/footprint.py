"""Footprints: what a step read, wrote or commutatively updated, and so which steps depend on one another.

Two steps that do not depend on each other can be swapped when they are neighbours, and nothing comes out
otherwise. A footprint names resources, each with how it was used: reads commute with reads, updates (adding
to a set, counting) with updates, a write with nothing. A step of unknown code depends on everything: that
loses reduction, never a behaviour.

Resources are any hashable values that mean the same thing in every execution of the program: a row of a
table, a task by its token, a lock by who made it. They are numbered as they turn up, and a footprint is three
bit masks, so that a comparison is a few operations on integers.
"""

from __future__ import annotations

from collections.abc import Hashable

from attrs import frozen


@frozen(slots=True)
class Footprint:
    """Bit masks of resources that were read, written, commutatively updated; or everything."""

    reads: int = 0
    writes: int = 0
    updates: int = 0
    everything: bool = False

    def depends_on(self, other: Footprint) -> bool:
        """Whether the order of the two steps may matter."""
        if self.everything or other.everything:
            return True
        return bool(
            self.writes & (other.reads | other.writes | other.updates)
            or other.writes & (self.reads | self.updates)
            or self.reads & other.updates
            or self.updates & other.reads
        )


EVERYTHING = Footprint(everything=True)


class Resources:
    """Numbers the resources of one exploration.

    State: the bit of each resource that has turned up so far.
    """

    def __init__(self) -> None:
        self._bits: dict[Hashable, int] = {}

    def bit(self, resource: Hashable) -> int:
        """The mask with the one bit that stands for this resource."""
        known = self._bits.get(resource)
        if known is None:
            known = self._bits[resource] = 1 << len(self._bits)
        return known
