"""Heston parameters fitted to the demo's surface: `python -m greeks.demo.fit` repeats the fit and prints it.

Weighted least squares on call prices, each residual divided by the Black-Scholes vega at the quote, so that
it is a volatility error to first order; from random starts, to see that the minimum is one. Every expiry is
priced at its own zero rate: the rate enters only through the forward and the discount factor of that
expiry, and the variance process does not know it. What the numbers mean: `docs/heston-fit.md`.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks.demo.surface import Slice, Surface, load
from greeks.reference import black_scholes, heston
from greeks.reference.jet import normal_density

FILE = "heston_fit.json"
STARTS = 8
SEED = 20020705
LOWER = (1e-3, 0.05, 1e-3, 0.01, -0.99)  # variance, kappa, theta, xi or its share of the ceiling, rho
UPPER = (1.0, 30.0, 1.0, 5.0, 0.50)
TYPICAL = (0.1, 1.0, 0.1, 0.5, 0.5)
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Variance:
    """The parameters of Heston's variance process; 2 kappa theta / xi^2 > 1 keeps it away from zero."""

    variance: float
    kappa: float
    theta: float
    xi: float
    rho: float

    @property
    def feller(self) -> float:
        """2 kappa theta / xi^2."""
        return 2.0 * self.kappa * self.theta / self.xi**2


@dataclass(frozen=True)
class Fit:
    """Parameters, root mean square volatility errors (1.00 = 100 %), and how far the starts disagree."""

    parameters: Variance
    rmse: float
    rmse_by_days: dict[int, float]
    spread_of_starts: float


def fit(surface: Surface, feller: float | None = None) -> Fit:
    """The least-squares Heston parameters of a surface; `feller` is the least 2 kappa theta / xi^2 allowed.

    Parameters
    ----------
    surface : Surface
        Quotes by expiry.
    feller : float, optional
        None leaves xi free; else xi <= sqrt(2 kappa theta / feller).

    Returns
    -------
    Fit
        Errors are of implied volatilities, not of the first-order residuals that were minimised.

    Source: Christoffersen and Jacobs (2004), The importance of the loss function in option valuation.
    """
    from scipy.optimize import least_squares

    unpack = _unpacking(feller)
    upper = (*UPPER[:3], UPPER[3] if feller is None else 1.0, UPPER[4])
    random = np.random.default_rng(SEED)

    def residuals(x: Vector) -> Vector:
        return _residuals(unpack(x), surface)

    runs: list[Any] = [
        least_squares(
            residuals,
            random.uniform((0.03, 0.5, 0.03, 0.3, -0.9), (0.3, 8.0, 0.15, 0.9, -0.2)),
            bounds=(LOWER, upper),
            x_scale=TYPICAL,
            xtol=1e-10,
            ftol=1e-12,
        )
        for _ in range(STARTS)
    ]
    best = min(runs, key=lambda run: float(run.cost))
    losses = [math.sqrt(float(np.mean(run.fun**2))) for run in runs]
    return _quality(unpack(best.x), surface, max(losses) - min(losses))


def saved() -> Variance:
    """The parameters that the demo uses, fitted once and kept in the package.

    Examples
    --------
    >>> saved().feller > 1.0
    True
    """
    text = resources.files("greeks.data").joinpath(FILE).read_text(encoding="utf-8")
    return Variance(**json.loads(text)["demo"]["parameters"])


def volatility_errors(parameters: Variance, surface: Surface) -> dict[int, Vector]:
    """Implied volatility of the model less the quote, by days to expiry and strike."""
    return {quotes.days: _errors(parameters, surface.spot, quotes) for quotes in surface.slices}


def _unpacking(feller: float | None) -> Callable[[Vector], Variance]:
    """Search coordinates to parameters: the fourth is xi, or its share of the largest that Feller allows."""

    def unpack(x: Vector) -> Variance:
        variance, kappa, theta, xi, rho = (float(value) for value in x)
        ceiling = 1.0 if feller is None else math.sqrt(2.0 * kappa * theta / feller)
        return Variance(variance, kappa, theta, xi * ceiling, rho)

    return unpack


def _residuals(parameters: Variance, surface: Surface) -> Vector:
    return np.concatenate([_weighted(parameters, surface.spot, quotes) for quotes in surface.slices])


def _weighted(parameters: Variance, spot: float, quotes: Slice) -> Vector:
    """(model price - quoted price) / quoted vega."""
    spread = quotes.volatilities * math.sqrt(quotes.maturity)
    d1 = (np.log(spot / quotes.strikes) + quotes.rate * quotes.maturity) / spread + 0.5 * spread
    vega = spot * math.sqrt(quotes.maturity) * np.array([normal_density(d) for d in d1.tolist()])
    pairs = zip(quotes.volatilities.tolist(), quotes.strikes.tolist(), strict=True)
    quoted = [black_scholes.call(spot, quotes.rate, v, 0.0, k, quotes.maturity) for v, k in pairs]
    residuals: Vector = (_prices(parameters, spot, quotes) - np.array(quoted)) / vega
    return residuals


def _prices(parameters: Variance, spot: float, quotes: Slice) -> Vector:
    terms: dict[str, Any] = asdict(parameters) | {"strike": quotes.strikes, "maturity": quotes.maturity}
    prices: Any = heston.call(spot=spot, rate=quotes.rate, dividend=0.0, **terms)
    return np.asarray(prices)


def _errors(parameters: Variance, spot: float, quotes: Slice) -> Vector:
    prices = _prices(parameters, spot, quotes).tolist()
    implied = [
        black_scholes.implied_volatility(price, spot, quotes.rate, 0.0, strike, quotes.maturity)
        for price, strike in zip(prices, quotes.strikes.tolist(), strict=True)
    ]
    return np.array(implied) - quotes.volatilities


def _quality(parameters: Variance, surface: Surface, spread: float) -> Fit:
    errors = volatility_errors(parameters, surface)
    by_days = {days: math.sqrt(float(np.mean(error**2))) for days, error in errors.items()}
    everything = np.concatenate(list(errors.values()))
    return Fit(parameters, math.sqrt(float(np.mean(everything**2))), by_days, spread)


CHOICES: dict[str, tuple[int, float | None]] = {  # name: shortest expiry in days, least Feller ratio
    "all, free": (0, None),
    "all, Feller": (0, 1.0),
    "from 41 days, free": (41, None),
    "from 41 days, Feller": (41, 1.0),
    "demo": (41, 1.5),
}


def main(out: Path | None = None) -> None:
    """Fit every choice, print them, and write them to `out` if given."""
    surface = load()
    found = {name: fit(surface.from_days(days), feller) for name, (days, feller) in CHOICES.items()}
    for name, result in found.items():
        print(f"{name}: {result.parameters}, 2 kappa theta / xi^2 = {result.parameters.feller:.3f}")
        by_days = ", ".join(f"{days}d {100 * rmse:.2f}" for days, rmse in result.rmse_by_days.items())
        print(f"    rmse {100 * result.rmse:.2f} volatility points ({by_days})")
        print(f"    losses of the {STARTS} starts within {100 * result.spread_of_starts:.1e} volatility points")
    if out is not None:
        content = {name: _rounded(asdict(result)) for name, result in found.items()}
        out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _rounded(x: Any) -> Any:
    """Six decimals: a millionth of a volatility, and the same file on every machine."""
    if isinstance(x, dict):
        return {name: _rounded(value) for name, value in x.items()}
    return round(x, 6)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
