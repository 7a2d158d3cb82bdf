"""Contracts whose programs run on the CPU and in the CUDA form: all kinds of steps, payoffs, estimators and noise."""

from __future__ import annotations

from dataclasses import dataclass

BLACK_SCHOLES = "gk.BlackScholes(100.0, 0.05, 0.2, 0.02)"
BACHELIER = "gk.Bachelier(100.0, 0.03, 18.0, 0.01)"
CEV = "gk.CEV(100.0, 0.05, 2.1, 0.5, 0.02)"
HESTON = "gk.Heston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.25, rho=-0.6, dividend=0.01)"
THREE = (
    "gk.MultiBlackScholes((100.0, 90.0, 110.0), 0.04, (0.2, 0.3, 0.25), "
    "((1.0, 0.5, 0.2), (0.5, 1.0, -0.1), (0.2, -0.1, 1.0)), (0.0, 0.01, 0.02))"
)


@dataclass(frozen=True)
class Case:
    """A contract and how it is simulated, as text, since it is played in a process of its own."""

    name: str
    model: str
    payoff: str
    greeks: tuple[str, ...]
    settings: str = ""
    slow: bool = False

    @property
    def text(self) -> str:
        """What the other process evaluates: name, model, payoff, Greeks, settings."""
        return f"({self.name!r}, {self.model}, {self.payoff}, {self.greeks!r}, dict({self.settings}))"


def slow(name: str, model: str, payoff: str, greeks: tuple[str, ...], settings: str = "") -> Case:
    """A case that `make test` leaves out."""
    return Case(name, model, payoff, greeks, settings, slow=True)


PATHWISE, RATIO, BUMPS = (f"estimator=gk.{name}()" for name in ("Pathwise", "LikelihoodRatio", "FiniteDifference"))
CASES = (
    Case(
        "one interval, gamma mixed",
        BLACK_SCHOLES,
        "gk.Call(101.0, 1.0)",
        ("delta", "gamma", "theta"),
        "estimator={'gamma': gk.Mixed(), 'delta': gk.Pathwise(), 'theta': gk.Pathwise()}",
    ),
    Case(
        "barrier with rebate, likelihood ratio",
        BLACK_SCHOLES,
        "gk.BarrierOption(101.0, 92.0, 1.0, (0.3, 0.7), rebate=3.0)",
        ("delta", "vega"),
        RATIO,
    ),
    Case(
        "barrier, conditioned",
        BLACK_SCHOLES,
        "gk.BarrierOption(101.0, 112.0, 1.0, 3, 'up', 'out', True, 2.0)",
        ("delta", "gamma"),
        "estimator=gk.Conditional()",
    ),
    Case(
        "Asian with controls",
        BLACK_SCHOLES,
        "gk.AsianCall(101.0, 1.0, 3)",
        ("delta",),
        "estimator=gk.Pathwise(), controls=(gk.GeometricAverage(), gk.Forward())",
    ),
    Case(
        "average, conditioned on a direction of the path",
        BLACK_SCHOLES,
        "gk.AsianCall(101.0, 1.0, 3)",
        ("delta", "gamma"),
        "estimator=gk.Conditional()",
    ),
    Case(
        "Heston by QE, likelihood ratio", HESTON, "gk.DigitalCall(101.0, 1.0)", ("d_rho",), f"scheme=gk.QE(2), {RATIO}"
    ),
    Case("basket, vectors", THREE, "gk.BasketCall(strike=98.0, maturity=1.0)", ("delta", "vega"), PATHWISE),
    Case(
        "Sobol points over a bridge",
        HESTON,
        "gk.AsianCall(101.0, 1.0, 2)",
        ("d_xi",),
        f"sampler=gk.Sobol(scrambles=2, dimensions=5), scheme=gk.Euler(4), {PATHWISE}",
    ),
    Case(
        "antithetic pairs",
        BLACK_SCHOLES,
        "gk.AsianCall(101.0, 1.0, 3)",
        ("vega",),
        f"sampler=gk.Antithetic(), {PATHWISE}",
    ),
    slow("digital, both orders", BLACK_SCHOLES, "gk.DigitalCall(101.0, 1.0)", ("delta", "gamma"), RATIO),
    slow(
        "autocallable, conditioned",
        BLACK_SCHOLES,
        "gk.Autocallable(100.0, 0.02, 70.0, 100.0, 1.0, 4)",
        ("delta", "gamma"),
        "estimator=gk.Conditional()",
    ),
    slow(
        "barrier watched all the time, paid at the hit",
        HESTON,
        "gk.BarrierOption(101.0, 92.0, 1.0, None, rebate=3.0)",
        ("delta", "gamma", "theta", "d_barrier"),
        "scheme=gk.QE(3), estimator={'delta': gk.Pathwise(), 'gamma': gk.Mixed()}",
    ),
    slow(
        "lookback watched all the time",
        BLACK_SCHOLES,
        "gk.LookbackPut(1.0, None, extreme=104.0)",
        ("delta", "gamma"),
        "estimator={'delta': gk.Pathwise(), 'gamma': gk.Mixed()}",
    ),
    slow(
        "average put, conditioned on a direction of the path",
        BLACK_SCHOLES,
        "gk.AsianPut(101.0, 1.0, 4)",
        ("delta", "vega", "theta"),
        "estimator=gk.Conditional()",
    ),
    slow("today's price, bumps", BLACK_SCHOLES, "gk.AsianCall(101.0, 1.0, (0.0, 0.3, 1.0))", ("gamma",), BUMPS),
    slow(
        "Asian, second order",
        BLACK_SCHOLES,
        "gk.AsianCall(101.0, 1.0, (0.3, 1.0))",
        ("gamma", "volga"),
        "estimator={'gamma': gk.Mixed(first='pathwise')}",
    ),
    slow("lookback by bumps", BLACK_SCHOLES, "gk.LookbackPut(1.0, 3)", ("delta", "vega"), BUMPS),
    slow("Bachelier", BACHELIER, "gk.AsianPut(101.0, 1.0, 3)", ("delta", "vega", "rho"), PATHWISE),
    slow(
        "weights of Malliavin",
        CEV,
        "gk.DigitalCall(101.0, 1.0)",
        ("delta",),
        "scheme=gk.Euler(3), estimator=gk.Malliavin()",
    ),
    slow("vibrato", CEV, "gk.DigitalCall(101.0, 1.0)", ("delta",), "scheme=gk.Euler(3), estimator=gk.Vibrato()"),
    slow("smoothed", BLACK_SCHOLES, "gk.DigitalCall(101.0, 1.0)", ("delta",), "estimator=gk.Smoothed(width=0.02)"),
    slow("CEV by Euler", CEV, "gk.Put(101.0, 1.0)", ("delta", "d_sigma", "d_beta"), f"scheme=gk.Euler(4), {PATHWISE}"),
    slow("CEV by Milstein", CEV, "gk.Put(101.0, 1.0)", ("delta",), f"scheme=gk.Milstein(4), {BUMPS}"),
    slow(
        "Heston by Euler",
        HESTON,
        "gk.Call(101.0, 1.0)",
        ("delta", "gamma", "d_variance", "d_rho"),
        "scheme=gk.Euler(4), estimator=dict.fromkeys(['delta', 'd_variance', 'd_rho'], gk.Pathwise())",
    ),
    slow(
        "Heston's twin",
        HESTON,
        "gk.Call(101.0, 1.0)",
        ("delta",),
        "scheme=gk.QE(3), estimator=gk.Pathwise(), controls='auto'",
    ),
    slow(
        "basket, second order and correlation",
        THREE,
        "gk.BasketCall(strike=98.0, maturity=1.0)",
        ("gamma[0,1]", "d_correlation[2,0]"),
        "estimator={'d_correlation[2,0]': gk.LikelihoodRatio()}",
    ),
    slow("worst of", THREE, "gk.WorstOfPut(95.0, 1.0)", ("delta",), PATHWISE),
    slow(
        "antithetic pairs, vectors",
        THREE,
        "gk.BasketCall(98.0, 1.0)",
        ("delta",),
        f"sampler=gk.Antithetic(), {PATHWISE}",
    ),
    slow(
        "antithetic pairs, two normals a step",
        HESTON,
        "gk.DigitalCall(101.0, 1.0)",
        ("delta",),
        f"sampler=gk.Antithetic(), scheme=gk.QE(4), {RATIO}",
    ),
    slow(
        "Sobol points over principal components, vectors",
        THREE,
        "gk.BasketCall(98.0, 1.0)",
        ("delta",),
        f"sampler=gk.Sobol(scrambles=2, order=gk.PrincipalComponents()), scheme=gk.Euler(3), {PATHWISE}",
    ),
    slow(
        "shifted paths, two noises",
        HESTON,
        "gk.AsianCall(150.0, 1.0, 2)",
        ("delta",),
        f"sampler=gk.ImportanceSampling(), scheme=gk.QE(4), {PATHWISE}",
    ),
    slow(
        "shifted pairs, vectors",
        THREE,
        "gk.BasketCall(170.0, 1.0)",
        ("delta",),
        f"sampler=gk.ImportanceSampling(gk.Antithetic()), {PATHWISE}",
    ),
    slow(
        "shifted Sobol points",
        BLACK_SCHOLES,
        "gk.AsianCall(150.0, 1.0, 3)",
        ("vega",),
        f"sampler=gk.ImportanceSampling(gk.Sobol(scrambles=2)), {PATHWISE}",
    ),
    slow(
        "Latin hypercube",
        BLACK_SCHOLES,
        "gk.BarrierOption(101.0, 92.0, 1.0, 4)",
        ("delta", "vega"),
        f"sampler=gk.LatinHypercube(scrambles=2, order=gk.Incremental()), {RATIO}",
    ),
)
