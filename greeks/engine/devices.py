"""Where programs can run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def available() -> Mapping[str, Any]:
    """Every backend by name; see `kernels.backends`."""
    from greeks.kernels.backends import backends

    return backends()
