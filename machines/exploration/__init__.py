"""Exploration: which schedules of a program are executed, and what may be claimed after it."""
