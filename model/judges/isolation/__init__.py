"""Judges transactions: which isolation level a history of them satisfies, and the cycle that shows otherwise."""
