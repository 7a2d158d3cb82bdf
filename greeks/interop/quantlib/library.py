"""QuantLib itself, imported when it is first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from greeks.errors import UnsupportedError


def quantlib() -> Any:
    """The module; without it an error that says how to get it."""
    try:
        return import_module("QuantLib")
    except ImportError:
        raise UnsupportedError(
            "from_quantlib needs QuantLib's Python package, which is not installed; pip install 'pathgreeks[quantlib]'"
        ) from None
