"""The tasks T1 to T6 and TERMINAL of bars.py: what to compute, the trusted values, the error to reach."""

from __future__ import annotations

from dataclasses import dataclass

# One market for every task; a year has 252 dates where a task has dates, and today is not one of them.
SPOT, STRIKE, RATE, DIVIDEND, VOLATILITY, MATURITY = 100.0, 100.0, 0.05, 0.02, 0.2, 1.0
DATES = 252
BARRIER = 90.0
ASSETS, CORRELATION = 10, 0.5
VARIANCE, KAPPA, THETA, XI, RHO, HESTON_STEPS = 0.04, 2.0, 0.04, 0.3, -0.7, 100


@dataclass(frozen=True)
class Task:
    """A contract, its trusted values (per 1.00, per year) and the target standard errors on `focus`."""

    name: str
    title: str
    targets: tuple[float, ...]
    truth: dict[str, float]
    focus: str = "delta"

    @property
    def greeks(self) -> list[str]:
        return [name for name in self.truth if name != "price"]


def basket_truth() -> dict[str, float]:
    deltas = {f"delta[{i}]": 0.05968101 for i in range(ASSETS)}
    vegas = {f"vega[{i}]": 2.794822 for i in range(ASSETS)}
    return {"price": 7.276064} | deltas | vegas


TASKS = {
    task.name: task
    for task in (
        Task(
            "T1",
            "European call: delta, vega, gamma, rho, theta",
            (1e-3, 1e-4),
            {
                "price": 9.22700551,
                "delta": 0.586851146,
                "vega": 37.9011575,
                "gamma": 0.0189505788,
                "rho": 49.4581091,
                "theta": -5.08931891,
            },
        ),
        Task(
            "T2",
            "Cash digital call: delta, vega, gamma",
            (1e-4, 1e-5),
            {"price": 0.494581091, "delta": 0.0189505788, "vega": -0.473764469, "gamma": -2.36882234e-4},
        ),
        Task(
            "T3",
            "Arithmetic Asian call, 252 dates: delta, vega, rho",
            (1e-3,),
            {"price": 5.195031, "delta": 0.550575, "vega": 21.94145, "rho": 23.12602},
        ),
        Task(
            "T4",
            "Heston call, 100 Euler steps: delta and five parameters",
            (1e-3,),
            {
                # Of 100 Euler steps, by 2**26 paths; of continuous time 9.059507, 0.642668, 0.082013, 53.955500,
                # -1.241130, 0.026929, 39.918436, from which some of the steps' own differ by more than they err.
                "price": 9.06025,
                "delta": 0.6426126,
                "d_kappa": 0.080796,
                "d_theta": 53.8427,
                "d_xi": -1.23909,
                "d_rho": 0.02403,
                "d_variance": 40.0351,
            },
        ),
        Task(
            "T5",
            "Down-and-out call, barrier 90, 252 dates: delta, vega",
            (1e-2,),
            {"price": 7.81213546, "delta": 0.734614362, "vega": 16.4839886},
        ),
        Task(
            "TERMINAL",
            "Call plus cash digital: eight Greeks",
            (1e-3,),
            {
                "price": 9.721586599,
                "delta": 0.6058017249,
                "gamma": 0.01871369652,
                "vega": 37.42739304,
                "rho": 50.85858589,
                "theta": -5.074065149,
                "dividend_rho": -60.58017249,
                "vanna": -0.1883213764,
                "volga": 5.181798878,
            },
        ),
        Task("T6", "Call on the mean of 10 assets: 10 deltas, 10 vegas", (1e-4,), basket_truth(), focus="delta[0]"),
    )
}
