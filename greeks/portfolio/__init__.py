"""Books of trades: a DataFrame in, a DataFrame of prices and Greeks out."""

from __future__ import annotations

from greeks.portfolio.jobs.storage import read_risk
from greeks.portfolio.numbers.netting import net
from greeks.portfolio.numbers.risk import Risk
from greeks.portfolio.numbers.units import DeskUnits
from greeks.portfolio.pricing import BookError, run
from greeks.portfolio.rows.market import load_market

__all__ = ["BookError", "DeskUnits", "Risk", "load_market", "net", "read_risk", "run"]
