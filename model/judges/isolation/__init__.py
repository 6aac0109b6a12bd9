"""Judges transactions: does a history satisfy an isolation level, and which cycle shows that it does not."""
