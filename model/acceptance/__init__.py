"""The acceptance criteria as data, and the registry that ties each to the invariants that check it."""
