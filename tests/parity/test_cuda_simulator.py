"""Whole plans on the CPU and in Numba's CUDA simulator: the same paths, so the same numbers but for rounding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import json, sys
import greeks as gk

model, payoff, greeks, settings = eval(sys.argv[1], {"gk": gk})
found = {}
for backend in ("cpu", "cuda"):
    r = gk.sensitivities(model, payoff, greeks, paths=70, seed=5, backend=backend, **settings)
    found[backend] = {k: [e.value, e.std_error, e.estimator] for k, e in r.items()}
print(json.dumps(found))
"""
BLACK_SCHOLES = "gk.BlackScholes(100.0, 0.05, 0.2, 0.02)"
HESTON = "gk.Heston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.25, rho=-0.6, dividend=0.01)"
THREE = (
    "gk.MultiBlackScholes((100.0, 90.0, 110.0), 0.04, (0.2, 0.3, 0.25), "
    "((1.0, 0.5, 0.2), (0.5, 1.0, -0.1), (0.2, -0.1, 1.0)), (0.0, 0.01, 0.02))"
)
# name -> (model, payoff, Greeks, settings, estimators that must have been at work)
CASES: dict[str, tuple[str, str, list[str], str, set[str]]] = {
    "Black-Scholes, one interval": (
        BLACK_SCHOLES,
        "gk.Call(101.0, 1.0)",
        ["delta", "gamma", "vega", "rho", "theta"],
        "{'estimator': {'gamma': gk.Mixed()} | dict.fromkeys(['delta', 'vega', 'rho', 'theta'], gk.Pathwise())}",
        {"pathwise", "mixed"},
    ),
    "digital, both orders": (
        BLACK_SCHOLES,
        "gk.DigitalCall(101.0, 1.0)",
        ["delta", "gamma", "vega"],
        "{'estimator': gk.LikelihoodRatio()}",
        {"likelihood ratio"},
    ),
    "barrier with rebate": (
        BLACK_SCHOLES,
        "gk.BarrierOption(101.0, 92.0, 1.0, (0.3, 0.7), rebate=3.0)",
        ["delta", "vega", "theta"],
        "{'estimator': gk.LikelihoodRatio()}",
        {"likelihood ratio"},
    ),
    "barrier, conditioned": (
        BLACK_SCHOLES,
        "gk.BarrierOption(101.0, 112.0, 1.0, 3, 'up', 'out', True, 2.0)",
        ["delta", "vega"],
        "{'estimator': gk.Conditional()}",
        {"conditional"},
    ),
    "autocallable, conditioned": (
        BLACK_SCHOLES,
        "gk.Autocallable(100.0, 0.02, 70.0, 100.0, 1.0, 4)",
        ["delta", "gamma"],
        "{'estimator': gk.Conditional()}",
        {"conditional"},
    ),
    "barrier watched all the time, paid at the hit": (
        HESTON,
        "gk.BarrierOption(101.0, 92.0, 1.0, None, rebate=3.0)",
        ["delta", "gamma", "theta", "d_barrier"],
        "{'scheme': gk.QE(steps=3), 'estimator': {'delta': gk.Pathwise(), 'gamma': gk.Mixed()}}",
        {"pathwise", "mixed"},
    ),
    "lookback watched all the time": (
        BLACK_SCHOLES,
        "gk.LookbackPut(1.0, None, extreme=104.0)",
        ["delta", "gamma"],
        "{'estimator': {'delta': gk.Pathwise(), 'gamma': gk.Mixed()}}",
        {"pathwise", "mixed"},
    ),
    "Asian with today's price": (
        BLACK_SCHOLES,
        "gk.AsianCall(101.0, 1.0, (0.0, 0.3, 1.0))",
        ["delta", "gamma", "vega"],
        "{'estimator': {'gamma': gk.FiniteDifference()}}",
        {"pathwise", "finite difference"},
    ),
    "Asian, second order": (
        BLACK_SCHOLES,
        "gk.AsianCall(101.0, 1.0, (0.3, 1.0))",
        ["gamma", "volga"],
        "{'estimator': {'gamma': gk.Mixed(first='pathwise')}}",
        {"mixed"},
    ),
    "lookback by bumps": (
        BLACK_SCHOLES,
        "gk.LookbackPut(1.0, 3)",
        ["delta", "vega"],
        "{'estimator': gk.FiniteDifference()}",
        {"finite difference"},
    ),
    "Bachelier": (
        "gk.Bachelier(100.0, 0.03, 18.0, 0.01)",
        "gk.AsianPut(101.0, 1.0, 3)",
        ["delta", "gamma", "vega", "rho"],
        "{'estimator': {'gamma': gk.Mixed()} | dict.fromkeys(['delta', 'vega', 'rho'], gk.Pathwise())}",
        {"pathwise", "mixed"},
    ),
    "CEV by Euler": (
        "gk.CEV(100.0, 0.05, 2.1, 0.5, 0.02)",
        "gk.Put(101.0, 1.0)",
        ["delta", "d_sigma", "d_beta"],
        "{'scheme': gk.Euler(steps=4)}",
        {"pathwise"},
    ),
    "CEV by Milstein": (
        "gk.CEV(100.0, 0.05, 2.1, 0.5, 0.02)",
        "gk.Put(101.0, 1.0)",
        ["delta"],
        "{'scheme': gk.Milstein(steps=4), 'estimator': gk.FiniteDifference()}",
        {"finite difference"},
    ),
    "Heston by Euler": (
        HESTON,
        "gk.Call(101.0, 1.0)",
        ["delta", "gamma", "d_variance", "d_xi", "d_rho"],
        "{'scheme': gk.Euler(steps=4), 'estimator': {'gamma': gk.Mixed()}"
        " | dict.fromkeys(['delta', 'd_variance', 'd_xi', 'd_rho'], gk.Pathwise())}",
        {"pathwise", "mixed"},
    ),
    "Heston by QE": (
        HESTON,
        "gk.DigitalCall(101.0, 1.0)",
        ["delta", "d_kappa", "d_rho"],
        "{'scheme': gk.QE(steps=4), 'estimator': gk.LikelihoodRatio()}",
        {"likelihood ratio"},
    ),
    "basket, vectors": (
        THREE,
        "gk.BasketCall(strike=98.0, maturity=1.0)",
        ["delta", "vega", "rho"],
        "{}",
        {"pathwise"},
    ),
    "basket, second order and correlation": (
        THREE,
        "gk.BasketCall(strike=98.0, maturity=1.0)",
        ["gamma[0,1]", "d_correlation[2,0]"],
        "{'estimator': {'d_correlation[2,0]': gk.LikelihoodRatio()}}",
        {"likelihood ratio", "mixed"},
    ),
    "antithetic pairs, one normal": (
        BLACK_SCHOLES,
        "gk.AsianCall(101.0, 1.0, 3)",
        ["delta", "vega"],
        "{'sampler': gk.Antithetic()}",
        {"pathwise"},
    ),
    "antithetic pairs, vectors": (
        THREE,
        "gk.BasketCall(strike=98.0, maturity=1.0)",
        ["delta"],
        "{'sampler': gk.Antithetic()}",
        {"pathwise"},
    ),
    "antithetic pairs, two normals a step": (
        HESTON,
        "gk.DigitalCall(101.0, 1.0)",
        ["delta"],
        "{'sampler': gk.Antithetic(), 'scheme': gk.QE(steps=4), 'estimator': gk.LikelihoodRatio()}",
        {"likelihood ratio"},
    ),
    "Sobol points over a bridge": (
        HESTON,
        "gk.AsianCall(101.0, 1.0, 3)",
        ["delta", "d_xi"],
        "{'sampler': gk.Sobol(scrambles=3, dimensions=7), 'scheme': gk.Euler(steps=6)}",
        {"pathwise"},
    ),
    "Sobol points over principal components, vectors": (
        THREE,
        "gk.BasketCall(98.0, 1.0)",
        ["delta"],
        "{'sampler': gk.Sobol(scrambles=4, order=gk.PrincipalComponents()), 'scheme': gk.Euler(steps=3)}",
        {"pathwise"},
    ),
    "Latin hypercube": (
        BLACK_SCHOLES,
        "gk.BarrierOption(101.0, 92.0, 1.0, 4)",
        ["delta", "vega"],
        "{'sampler': gk.LatinHypercube(scrambles=2, order=gk.Incremental()), 'estimator': gk.LikelihoodRatio()}",
        {"likelihood ratio"},
    ),
    "worst of": (THREE, "gk.WorstOfPut(95.0, 1.0)", ["delta"], "{}", {"pathwise"}),
}


def simulated(case: tuple[str, str, list[str], str, set[str]]) -> Any:
    model, payoff, greeks, settings, _ = case
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, f"({model}, {payoff}, {greeks}, {settings})"],
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CASES)
def test_the_simulator_agrees_with_the_cpu(name: str) -> None:
    case = CASES[name]
    found = simulated(case)
    cpu, cuda = found["cpu"], found["cuda"]
    assert list(cpu) == list(cuda) and len(cpu) > len(case[2])
    assert case[4] <= {estimator for _, _, estimator in cpu.values()}
    scale = max(abs(value) for value, _, _ in cpu.values())
    for greek, (value, error, estimator) in cpu.items():
        assert cuda[greek][2] == estimator
        # Bumps divide rounding by the bump.
        bound = 1e-10 if estimator != "finite difference" else 1e-9
        assert cuda[greek][0] == pytest.approx(value, rel=bound, abs=1e-13 * scale), greek
        assert cuda[greek][1] == pytest.approx(error, rel=1e-8, abs=1e-13 * scale), greek
        assert error > 0.0, greek
