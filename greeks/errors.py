"""The errors a user can meet; every one is a `GreeksError`."""

from __future__ import annotations


class GreeksError(Exception):
    """Root of every error this package raises on purpose."""


class SchemaError(GreeksError, ValueError):
    """An input is malformed: names the field, the value, what was expected and the remedy."""


class UnsupportedError(GreeksError):
    """The request is well formed but cannot be answered honestly; says why and what to do instead."""


class EstimationError(GreeksError):
    """A simulation ran and produced something that is not a number worth returning."""


class DeviceError(EstimationError):
    """A device failed at what it may do later, or the processor now: out of memory, lost, a broken launch."""
