"""Judges: evidence of one execution in, a verdict with its explanation out."""
