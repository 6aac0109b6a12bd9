"""Counterexamples: kept as files, told as text, and run again."""
