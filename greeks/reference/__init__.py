"""Closed forms: exact prices and Greeks that simulations use as controls and are checked against.

Each module writes its price once, as plain arithmetic; `greeks` differentiates it exactly. Nothing here
uses the symbolic differentiation of the engine, so that agreement between the two means something.
"""

from __future__ import annotations

from greeks.reference.derivatives import Derivatives, greeks

__all__ = ["Derivatives", "greeks"]
