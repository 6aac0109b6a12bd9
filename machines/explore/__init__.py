"""Explores any trio program: `explore`, the decorator `every_interleaving`, and `Shared` variables."""

from machines.explore.decorator import IncompleteSearch, InterleavingFailed, every_interleaving
from machines.explore.result import Exploration
from machines.explore.searching import explore, replay
from machines.explore.shared import Shared

__all__ = [
    "Exploration",
    "IncompleteSearch",
    "InterleavingFailed",
    "Shared",
    "every_interleaving",
    "explore",
    "replay",
]
