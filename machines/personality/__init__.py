"""What the machines know of the personality service: as a subject, what to ask it, and what must hold."""
