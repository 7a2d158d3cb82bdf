"""A book under other markets, on the same draws: ladders, grids, named scenarios, profit and loss explained."""

from __future__ import annotations

from greeks.portfolio.scenarios.attribution import explain_pnl
from greeks.portfolio.scenarios.grids import scenario_grid
from greeks.portfolio.scenarios.ladders import ladder
from greeks.portfolio.scenarios.run import scenarios
from greeks.portfolio.scenarios.shift import Shift

__all__ = ["Shift", "explain_pnl", "ladder", "scenario_grid", "scenarios"]
