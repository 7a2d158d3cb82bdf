"""What becomes of trades that cannot be revalued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from greeks.portfolio.pricing import BookError
from greeks.portfolio.scenarios.positions import Holding, Positions
from greeks.portfolio.scenarios.valuation import Troubles, Valuation

SHOWN = 3  # trades that a status names
BEYOND = "beyond double precision: check quantities and parameters"


def refuse(held: Positions, troubles: Troubles, market: str, errors: str, bug: Exception | None = None) -> None:
    """With errors="raise", an error that names every trade and number that is missing in a market.

    bug : the exception of a payoff or model that it is raised from, if there was one.
    """
    if errors != "raise" or not troubles:
        return
    victims: dict[str, list[str]] = {}
    for (i, greek), why in troubles.items():
        victims.setdefault(f"{greek}: {why}", []).append(held.trades[i].id)
    lines = [f"market {market}, trade{'s' * (len(ids) > 1)} {', '.join(ids)}: {why}" for why, ids in victims.items()]
    lines.append('errors="coerce" sums over the other trades and says so in `status`.')
    failures = {held.trades[i].id: f"{greek}: {why}" for (i, greek), why in troubles.items()}
    raise BookError("\n".join(lines), None, failures) from bug  # type: ignore[arg-type]


def status(held: Positions, markets: Sequence[Valuation], greek: str, holding: Holding) -> str:
    """ "ok", or how many trades a sum of one number is without, and why."""
    missing: dict[str, str] = {}
    troubled = [found for found in markets if found.troubles]
    for i in holding.at.tolist() if troubled else ():
        why = [trouble for found in troubled if (trouble := _trouble(found, i, greek))]
        if why:
            missing[held.trades[i].id] = why[0]
    return without(missing, held.bad_rows)


def without(missing: Mapping[str, str], bad_rows: Sequence[str]) -> str:
    """ "ok", or what a sum is without: trades by id with the reason, rows of the book that are no trades."""
    named = [f"{id}: {why}" for id, why in list(missing.items())[:SHOWN]]
    more = [f"and {len(missing) - SHOWN} more"] if len(missing) > SHOWN else []
    left = [f"without {len(missing)} trade{'s' * (len(missing) > 1)}: " + "; ".join(named + more)] if missing else []
    bad = [f"without {len(bad_rows)} bad row{'s' * (len(bad_rows) > 1)} of the book"] if bad_rows else []
    return "; ".join(left + bad) or "ok"


def _trouble(found: Valuation, i: int, greek: str) -> str | None:
    """Why a trade has no such number: it failed, or its kind has no such Greek."""
    names = (greek, greek.partition("[")[0], "price")
    return next((found.troubles[i, name] for name in names if (i, name) in found.troubles), None)
