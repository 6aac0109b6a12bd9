"""What must be true: specifications, judges and criteria, in pure Python that touches nothing outside."""
