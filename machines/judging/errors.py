"""What makes a history from outside no use."""


class BadInputError(ValueError):
    """A history, or a question about it, that is no use; the message names the line where there is one."""


def bad_line(number: int, reason: str) -> BadInputError:
    """The error for one line of the file, counted from 1."""
    return BadInputError(f"line {number}: {reason}")
