"""`python -m tests.quality [NAME[=SEED] ...]`: make all rows of `pins.json` anew, or some."""

from __future__ import annotations

import sys

from tests.defects.catalogue import catalogue, defect_named
from tests.quality.pins import TABLE, Pin, made_anew, pinned, write


def main(wanted: list[str]) -> None:
    """Hunt for each of them, with the seed given or the one in the table, and write the table."""
    known = dict(pinned()) if TABLE.exists() else {}
    rows = {name: pin for name, pin in known.items() if name in catalogue()}
    for each in wanted or list(catalogue()):
        name, _, seed = each.partition("=")
        rows[name] = made_anew(defect_named(name), int(seed) if seed else _seed(rows.get(name)))
        sys.stdout.write(f"{name}: {rows[name]}\n")
    write(rows)


def _seed(pin: Pin | None) -> int:
    return 0 if pin is None else pin.seed


if __name__ == "__main__":
    main(sys.argv[1:])
