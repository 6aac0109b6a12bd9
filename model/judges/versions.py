"""Judges that the committed changes of each entity form one unbroken chain that ends in what is stored."""

from collections.abc import Iterable, Mapping

from attrs import define, field

from model.judges.evidence import HistoryRow
from model.judges.verdict import Verdict, from_complaints
from model.specification.values import Json, Record, strict

# Entity id -> (version, fields): what the entity table holds.
Rows = Mapping[str, tuple[int, Record | Mapping[str, object]]]


@define
class _Chain:
    """One entity as its history has told it so far; `version` 0 before its creation."""

    version: int = 0
    values: dict[str, Json] = field(factory=dict)
    is_deleted: bool = False

    def extend(self, row: HistoryRow) -> list[str]:
        """Take the next change in, and say what is wrong with it."""
        complaints = []
        if self.is_deleted:
            complaints.append("changed after it was deleted")
        if row.version != self.version + 1:
            complaints.append(f"version {row.version} comes after version {self.version}")
        if (row.kind == "created") != (self.version == 0):
            complaints.append(f"{row.kind} when at version {self.version}")
        for name, change in row.changes:
            complaints += self._change(name, change)
        self.version, self.is_deleted = row.version, row.kind == "deleted"
        return [f"{row.entity}: {complaint} ({row.correlation})" for complaint in complaints]

    def _change(self, name: str, change: Json) -> list[str]:
        match change:
            case (old, new):
                known = self.values.get(name)
                self.values[name] = new
                is_continuous = strict(old) == strict(known)
                return [] if is_continuous else [f"{name} changed from {old!r}, but it was {known!r}"]
            case _:
                return [f"{name}: a change is a pair of old and new, not {change!r}"]


def judge_versions(history_rows: Iterable[HistoryRow], final_rows: Rows) -> Verdict:
    """Per entity: versions 1, 2, 3, ... without gap or repeat, and every old value the one before.

    `history_rows` stand in the order in which they were committed, from the creation of each entity on. A
    deletion has a version of its own and nothing follows it. Folded, the history gives exactly `final_rows`;
    a field that is absent counts as null on both sides. Exercised: the changes after an entity's first.
    """
    chains: dict[str, _Chain] = {}
    complaints, exercised = [], 0
    for row in history_rows:
        chain = chains.setdefault(row.entity, _Chain())
        exercised += chain.version > 0
        complaints += chain.extend(row)
    for entity in dict.fromkeys((*chains, *final_rows)):
        final = final_rows.get(entity)
        complaints += [f"{entity}: {complaint}" for complaint in _ending(chains.get(entity), final)]
    return from_complaints(complaints, exercised)


def _ending(chain: _Chain | None, final: tuple[int, Record | Mapping[str, object]] | None) -> list[str]:
    if chain is None:
        return ["is stored, but has no history"]
    if final is None:
        return [] if chain.is_deleted else [f"is gone, but its history ends at version {chain.version}"]
    if chain.is_deleted:
        return ["is stored, but its history says that it was deleted"]
    version, values = final
    stored = dict(Record(values))
    complaints = (
        [] if version == chain.version else [f"stored at {version}, the history ends at {chain.version}"]
    )
    return complaints + [
        f"{name} is stored as {stored.get(name)!r}, the history ends at {chain.values.get(name)!r}"
        for name in sorted(stored.keys() | chain.values.keys())
        if strict(stored.get(name)) != strict(chain.values.get(name))
    ]
