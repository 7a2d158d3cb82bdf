"""QuantLib's options with their process as our model and payoff; QuantLib is an optional extra, "quantlib"."""

from __future__ import annotations

from greeks.interop.quantlib.convert import QuantLibContract, from_quantlib

__all__ = ["QuantLibContract", "from_quantlib"]
