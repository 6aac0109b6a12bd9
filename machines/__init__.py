"""What explores: the machines, the world that they control, strategies, counterexamples, pytest plugin."""
