"""Books of trades: a DataFrame in, a DataFrame of prices and Greeks out."""

from __future__ import annotations

from greeks.portfolio.market import load_market
from greeks.portfolio.pricing import BookError, run

__all__ = ["BookError", "load_market", "run"]
