"""Every Greek of a closed form, by the library's names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks.errors import UnsupportedError
from greeks.reference.jet import Jet, variables

NAMES = {
    "delta": ("spot",),
    "gamma": ("spot", "spot"),
    "vega": ("volatility",),
    "rho": ("rate",),
    "dividend_rho": ("dividend",),
    "theta": ("time",),
    "vanna": ("spot", "volatility"),
    "volga": ("volatility", "volatility"),
    "charm": ("spot", "time"),
    "veta": ("volatility", "time"),
    "dual_delta": ("strike",),
    "dual_gamma": ("strike", "strike"),
}
HELD = frozenset({"dates"})  # numbers that count something: not differentiated


@dataclass(frozen=True)
class Derivatives:
    """A price and its derivatives: `d["price"]`, `d["delta"]`, `d["d_kappa"]`, `d["d2_spot_volatility"]`.

    Units: per 1.00 of each parameter; theta, charm and veta per year of passing calendar time.
    """

    parameters: tuple[str, ...]
    price: float
    gradient: NDArray[np.float64] = field(repr=False)
    hessian: NDArray[np.float64] = field(repr=False)

    def __getitem__(self, greek: str) -> float:
        if greek == "price":
            return self.price
        signs_and_places = [self._place(name, greek) for name in self._words(greek)]
        sign = float(np.prod([sign for sign, _ in signs_and_places]))
        places = tuple(place for _, place in signs_and_places)
        return sign * float(self.gradient[places] if len(places) == 1 else self.hessian[places])

    def _words(self, greek: str) -> tuple[str, ...]:
        """The one or two parameters that a Greek's name stands for."""
        if greek in NAMES:
            return NAMES[greek]
        if greek.startswith("d_"):
            return (greek.removeprefix("d_"),)
        if greek.startswith("d2_"):
            rest = greek.removeprefix("d2_")
            for first in self.parameters:
                if rest == first:
                    return (first, first)
                if rest.startswith(first + "_"):
                    return (first, rest.removeprefix(first + "_"))
        raise self._refusal(greek)

    def _place(self, name: str, greek: str) -> tuple[float, int]:
        """Sign and index; time passes as `elapsed` grows if the formula has it, else as maturity shrinks."""
        if name == "time" and "elapsed" in self.parameters:
            name = "elapsed"
        sign, name = (-1.0, "maturity") if name == "time" else (1.0, name)
        if name not in self.parameters:
            raise self._refusal(greek)
        return sign, self.parameters.index(name)

    def _refusal(self, greek: str) -> UnsupportedError:
        return UnsupportedError(
            f"greek {greek!r} is not a derivative to the parameters {', '.join(self.parameters)}; "
            f"write 'd_<parameter>', 'd2_<parameter>_<parameter>' or one of {', '.join(NAMES)}"
        )


def greeks(price: Callable[..., float], /, **parameters: Any) -> Derivatives:
    """V, dV/dp and d2V/dp dq for all numeric parameters p, q of a closed form, to rounding.

    Parameters
    ----------
    price : callable
        A closed form of `greeks.reference`, such as `black_scholes.call`.
    **parameters
        Its arguments. Numbers are differentiated; flags, words, schedules and counts are held.

    Returns
    -------
    Derivatives
        Indexed by Greek: "price", "delta", "gamma", "theta", "d_kappa", "d2_spot_rate", ...

    Raises
    ------
    UnsupportedError
        When indexed by a name that is no derivative to the given parameters.

    Examples
    --------
    >>> from greeks.reference import black_scholes, greeks
    >>> option = {"strike": 100.0, "maturity": 1.0}
    >>> g = greeks(black_scholes.call, spot=100.0, rate=0.05, volatility=0.2, dividend=0.0, **option)
    >>> round(g["price"], 6), round(g["delta"], 6), round(g["vega"], 6)
    (10.450584, 0.636831, 37.524035)

    Source: Griewank and Walther (2008), chapter 13 (second-order forward mode).
    """
    moving = tuple(name for name, value in parameters.items() if _moves(name, value))
    held = {name: value for name, value in parameters.items() if name not in moving}
    jets = dict(zip(moving, variables([parameters[name] for name in moving]), strict=True))
    result: Any = price(**held, **jets)
    if not isinstance(result, Jet):  # a payoff that depends on none of them, such as a spent barrier
        zero = np.zeros((len(moving), len(moving)))
        return Derivatives(moving, float(result), zero[:, 0], zero)
    return Derivatives(moving, float(result.value), result.gradient.real, result.hessian.real)


def _moves(name: str, value: object) -> bool:
    return name not in HELD and isinstance(value, (int, float, np.floating)) and not isinstance(value, bool)
