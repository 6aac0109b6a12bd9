"""Judges that what was taken was given back: tasks, locks, connections, timers, temporary files, anything.

A resource is counted, or named where that is known; names make the better complaint.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeAlias

from model.judges.verdict import Verdict, from_complaints

Held: TypeAlias = int | Collection[Hashable]
"""How many of a kind, or which; the same name may occur more than once."""


def judge_leaks(
    before: Mapping[str, Held], after: Mapping[str, Held], peak: Mapping[str, int] | None = None
) -> Verdict:
    """Of each kind no more is held after than before; both are taken when nothing is in flight.

    A kind that is absent counts as none. Fewer than before is a complaint too: something was given back
    twice. `peak` tells how many of each kind were held in between at the most. Exercised: the kinds of which
    more were in use then than before, or all kinds if no peak is given.
    """
    kinds = sorted(before.keys() | after.keys() | (peak or {}).keys())
    complaints = [
        complaint for kind in kinds for complaint in _of_kind(kind, before.get(kind, 0), after.get(kind, 0))
    ]
    used = [kind for kind in kinds if peak is None or peak.get(kind, 0) > _count(before.get(kind, 0))]
    return from_complaints(complaints, len(used))


def _of_kind(kind: str, before: Held, after: Held) -> Sequence[str]:
    if isinstance(before, int) or isinstance(after, int):
        old, new = _count(before), _count(after)
        return [] if old == new else [f"{kind}: {new}, but {old} at the beginning"]
    kept, had = Counter(after), Counter(before)
    left = [f"{kind}: {name} is left over" for name in (kept - had).elements()]
    return left + [f"{kind}: {name} is gone" for name in (had - kept).elements()]


def _count(held: Held) -> int:
    return held if isinstance(held, int) else len(held)
