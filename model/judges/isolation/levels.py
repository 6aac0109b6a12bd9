"""Isolation levels, and what each forbids.

Read committed, snapshot isolation and serializability are told apart by the cycles that they allow (Adya,
1999; Fekete et al., 2005; Cerone and Gotsman, "Analysing snapshot isolation", 2018). Read committed forbids
cycles without an `rw` edge; snapshot isolation those in which no two `rw` edges follow each other;
serializability all. The strong session levels count the order within each session as well, strict
serializability that and real time.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from model.judges.isolation.cycles import Sort
from model.judges.isolation.graph import Edge

_WW, _WR, _RW = int(Edge.WW), int(Edge.WR), int(Edge.RW)
SESSION, REAL_TIME = int(Edge.SESSION), int(Edge.REAL_TIME)

_G0: Final = Sort("G0", _WW, _WW)
_G1C: Final = Sort("G1c", _WR, _WW | _WR)
_G_SINGLE: Final = Sort("G-single", _RW, _WW | _WR)
_G_NONADJACENT: Final = Sort("G-nonadjacent", _RW, _WW | _WR | _RW, apart=True)
_G2: Final = Sort("G2", _RW, _WW | _WR | _RW, pair=True)


@frozen
class Level:
    """An isolation level: the sorts of cycles that it forbids, and the orders beside versions that it keeps.

    `allows_adjacent`: cycles with two `rw` edges in a row are allowed, and others with `rw` edges are not.
    """

    name: str
    forbidden: tuple[Sort, ...]
    extra: int = 0
    ignores_rw: bool = False
    allows_adjacent: bool = False


_SNAPSHOT: Final = (_G0, _G1C, _G_SINGLE, _G_NONADJACENT)
_ALL: Final = (*_SNAPSHOT, _G2)

LEVELS: Final[Mapping[str, Level]] = MappingProxyType(
    {
        level.name: level
        for level in (
            Level("read-committed", (_G0, _G1C), ignores_rw=True),
            Level("snapshot-isolation", _SNAPSHOT, allows_adjacent=True),
            Level("strong-session-snapshot-isolation", _SNAPSHOT, SESSION, allows_adjacent=True),
            Level("serializable", _ALL),
            Level("strong-session-serializable", _ALL, SESSION),
            Level("strict-serializable", _ALL, SESSION | REAL_TIME),
        )
    }
)
