"""Books of trades: a DataFrame in, a DataFrame of prices and Greeks out."""

from __future__ import annotations

from greeks.portfolio.market import load_market
from greeks.portfolio.netting import net
from greeks.portfolio.pricing import BookError, run
from greeks.portfolio.risk import Risk
from greeks.portfolio.storage import read_risk
from greeks.portfolio.units import DeskUnits

__all__ = ["BookError", "DeskUnits", "Risk", "load_market", "net", "read_risk", "run"]
