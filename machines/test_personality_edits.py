"""Concurrent personality edits: clients create, change, delete and read the same few at the same time."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, multiple, rule

from machines.machine import ConcurrentMachine
from machines.personality.drawing import DRAFTS, VALID_DRAFTS, Wish, bursts, wishes
from machines.personality.invariants import Consistency, Cooperation, Errors, Security
from machines.personality.subject import PersonalitySubject
from machines.program import Faults
from model.specification.personality import Create, Entity, Operation

FAULTS = st.sampled_from((Faults(), Faults(), Faults(crashes=1), Faults(cancellations=1)))
OUTCOMES = st.integers(0, 7)


class PersonalityEdits(Consistency, Errors, Security, Cooperation, ConcurrentMachine):
    """Clients create, change, delete and read personalities, one after another and at the same time."""

    subject = PersonalitySubject()
    fault_kinds = ("crash", "cancel")
    personalities: Bundle[str] = Bundle("personalities")

    @initialize(target=personalities)
    def begin(self) -> str:
        """There is one personality to quarrel about."""
        return self._create(VALID_DRAFTS[0])

    @rule(target=personalities, draft=DRAFTS)
    def create(self, draft: Mapping[str, object]) -> str:
        """One client creates a personality."""
        return self._create(draft)

    @rule(wish=wishes(personalities))
    def one_asks(self, wish: Wish) -> None:
        """One client asks for something, with nobody beside it."""
        self.call(self._operation(wish, 0))

    @rule(target=personalities, burst=bursts(personalities), faults=FAULTS, outcome=OUTCOMES)
    def many_ask_at_once(self, burst: list[Wish], faults: Faults, outcome: int) -> MultipleResults[str]:
        """Two to four clients ask at the same time, and one fault may happen."""
        operations = [self._operation(wish, client) for client, wish in enumerate(burst)]
        self.interleave([[operation] for operation in operations], faults, outcome)
        return multiple(*(each.id for each in operations if isinstance(each, Create)))

    def _create(self, draft: Mapping[str, object]) -> str:
        new_id = self.predict_id()
        self.call(Create(new_id, draft))
        return new_id

    def _operation(self, wish: Wish, client: int) -> Operation:
        target = self.model.find(wish.id)
        version = target.version if isinstance(target, Entity) else 1
        return wish.operation(self.predict_id(client), version)
