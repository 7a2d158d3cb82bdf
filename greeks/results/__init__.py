"""What a simulation hands back: numbers with their uncertainty and provenance."""

from __future__ import annotations

from greeks.results.estimate import Estimate
from greeks.results.explanation import Explanation
from greeks.results.sensitivities import Origin, Sensitivities

__all__ = ["Estimate", "Explanation", "Origin", "Sensitivities"]
