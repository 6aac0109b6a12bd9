"""Why a counterexample cannot be kept or used: one type for each reason, and each message says what to do."""

from __future__ import annotations


class CounterexampleError(Exception):
    """A counterexample cannot be saved or loaded; the message begins with the file's name."""


class NotSavedError(CounterexampleError):
    """The file could not be written. Nothing is lost: the message holds the whole text of the file."""


class NotFoundError(CounterexampleError):
    """There is no such file, or it may not be read."""


class MalformedError(CounterexampleError):
    """The file is not JSON."""


class ForeignError(CounterexampleError):
    """The file is JSON, and no counterexample of Tandem."""


class OutdatedError(CounterexampleError):
    """The file has a format that this version does not read."""


class DamagedError(CounterexampleError):
    """The content is not what its checksum was made of."""


class UnknownMachineError(CounterexampleError):
    """The machine cannot be imported, or is none."""


class UnknownOperationError(CounterexampleError):
    """The machine's subject has no operation of that name."""


class WrongFieldError(CounterexampleError):
    """A field is missing, unknown, or holds what it cannot hold."""
