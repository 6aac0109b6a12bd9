"""Keeps what Hypothesis draws apart from what else happens to be imported.

Hypothesis reads the numbers and texts in the source of every imported module of the project, and draws one of
them now and then. So a seed would give other programs when a second machine is collected in the same process,
or when a module is imported on the way. While a shard draws there are none of these constants. The switch is
private to Hypothesis; where a version does not have it (before 6.131 there were no such constants), nothing
is switched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis.internal.conjecture import providers as _providers

_SWITCHES = ("_get_local_constants", "CONSTANTS_CACHE", "Constants")


@contextmanager
def drawing_apart() -> Iterator[None]:
    """Draw as if no module of the project had any constant in it."""
    providers: Any = _providers
    if not all(hasattr(providers, name) for name in _SWITCHES):
        yield
        return
    nothing, usual = providers.Constants(), providers._get_local_constants  # noqa: SLF001 - see above
    providers.CONSTANTS_CACHE.cache.clear()
    providers._get_local_constants = lambda: nothing  # noqa: SLF001 - see above
    try:
        yield
    finally:
        providers._get_local_constants = usual  # noqa: SLF001 - see above
        providers.CONSTANTS_CACHE.cache.clear()
