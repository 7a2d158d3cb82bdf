"""Importance sampling: far options with small and honest errors, the same bits as ever where no shift helps."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import greeks as gk
from greeks.engine.choosing.importance import mean_ratio
from greeks.engine.choosing.scan import MOST, SHARE, Scan
from greeks.engine.crowd.many import estimate_many
from greeks.engine.programs.shift import apart, lengths
from greeks.engine.run import Task
from greeks.engine.sampling.settings import Settings
from greeks.expressions.node import Expr, const, symbol
from greeks.kernels import cpu
from greeks.kernels.compile import load
from greeks.kernels.moments import combine
from greeks.reference import black_scholes, greeks
from greeks.samplers import DriftShift

MODEL = gk.BlackScholes(spot=100.0, rate=0.03, volatility=0.2)
FAR = gk.Call(strike=200.0, maturity=1.0)
SHIFTED = gk.ImportanceSampling()
TRUTH = greeks(black_scholes.call, spot=100.0, rate=0.03, volatility=0.2, dividend=0.0, strike=200.0, maturity=1.0)
RATIO, ALONG = gk.LikelihoodRatio(), gk.Pathwise()


@dataclass(frozen=True)
class Strangle(gk.Payoff):
    """(S - K)^+ + (k - S)^+."""

    low: gk.Scalar
    high: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: tuple[gk.Scalar, ...], x: tuple[gk.Scalar, ...]) -> gk.Scalar:
        return gk.maximum(x[0] - self.high, 0.0) + gk.maximum(self.low - x[0], 0.0)


def run(
    payoff: gk.Payoff = FAR, names: tuple[str, ...] = ("delta", "gamma", "vega"), **settings: object
) -> gk.Sensitivities:
    return gk.sensitivities(MODEL, payoff, names, **{"estimator": RATIO, "paths": 2**15, "seed": 3, **settings})  # type: ignore[arg-type]


def told(e: gk.Estimate) -> float:
    """The ratio of variances in a reason."""
    return float(e.reason.partition("(in a pilot variance / ")[2].partition(")")[0].replace(",", ""))


@pytest.mark.parametrize("estimator", [RATIO, ALONG])
def test_a_far_option_is_priced_with_its_greeks(estimator: gk.Estimator) -> None:
    names = ("delta", "gamma", "vega") if estimator is RATIO else ("delta", "vega")
    found = run(names=names, estimator=estimator, sampler=SHIFTED)
    assert found.sampler == "ImportanceSampling"
    for e in found.values():
        assert abs(e.z_score(TRUTH[e.greek])) < 4.0
        assert e.std_error < 0.012 * TRUTH[e.greek]
        assert "paths shifted by 3.8 standard deviations" in e.reason and not e.warnings


def test_what_is_told_is_what_is_bought() -> None:
    plain, shifted = (run(sampler=s, paths=2**18) for s in (None, SHIFTED))
    for name in ("price", "gamma"):
        bought = (plain[name].std_error / shifted[name].std_error) ** 2
        assert 1000.0 < told(shifted[name]) < 10_000.0
        assert 0.3 < bought / told(shifted[name]) < 3.0


@pytest.mark.parametrize("base", [gk.Antithetic(), gk.Sobol(), gk.LatinHypercube(scrambles=8)])
def test_any_sampler_is_shifted(base: gk.Sampler) -> None:
    shifted = gk.ImportanceSampling(base)
    assert shifted.design == base.design
    found = run(sampler=shifted)
    for e in found.values():
        assert abs(e.z_score(TRUTH[e.greek])) < 6.0  # Student's t where there are few scrambles
        assert e.std_error < 0.01 * TRUTH[e.greek]


def test_a_derivative_along_shifted_paths_is_that_of_their_mean() -> None:
    settings = Settings(estimator=ALONG, sampler=SHIFTED, paths=2**12)
    task = Task.of(MODEL, FAR, ["delta", "vega"], settings)
    assert task.decision.shift is not None

    def means(model: gk.Model) -> np.ndarray:
        same = Task.of(model, FAR, ["delta", "vega"], settings, decision=task.decision)
        return np.asarray(combine(cpu.rows(load(same.plan.program.cpu), *same.table(), seed=5, paths=2**12)).mean)

    h = 1e-5
    for k, field in enumerate(("spot", "volatility")):
        size = h * getattr(MODEL, field)
        up, down = (means(replace(MODEL, **{field: getattr(MODEL, field) + s})) for s in (size, -size))
        assert (up[0] - down[0]) / (2.0 * size) == pytest.approx(means(MODEL)[k + 1], rel=1e-6)


def test_a_payoff_of_two_far_parts_keeps_its_paths() -> None:
    plain, shifted = (run(Strangle(55.0, 190.0, 1.0), ("delta",), estimator=ALONG, sampler=s) for s in (None, SHIFTED))
    assert [(e.value, e.std_error) for e in shifted.values()] == [(e.value, e.std_error) for e in plain.values()]
    assert all("paths not shifted: parts of the payoff lie too far" in e.reason for e in shifted.values())


def test_where_nothing_is_gained_paths_stay() -> None:
    plain, shifted = (run(Strangle(101.0, 101.0, 1.0), ("delta",), estimator=ALONG, sampler=s) for s in (None, SHIFTED))
    assert [(e.value, e.std_error) for e in shifted.values()] == [(e.value, e.std_error) for e in plain.values()]
    assert all("paths not shifted: no shift saves work" in e.reason for e in shifted.values())


def test_closed_forms_and_what_no_path_reaches_are_left_alone() -> None:
    closed = gk.sensitivities(MODEL, FAR, ["delta"], sampler=SHIFTED)
    assert closed["delta"].value == gk.sensitivities(MODEL, FAR, ["delta"])["delta"].value
    assert "shift" not in closed["delta"].reason
    beside = run(names=("delta",), estimator={"delta": ALONG}, sampler=SHIFTED)
    assert beside["price"].value == pytest.approx(TRUTH["price"], rel=1e-9) and "shifted" in beside["delta"].reason
    nothing = run(gk.Call(1e9, 1.0), ("delta",), estimator=ALONG, sampler=SHIFTED)
    assert "no pilot saw anything of the payoff" in nothing["price"].reason


def test_runs_go_on_and_merge_bit_for_bit(tmp_path: Path) -> None:
    whole, half = (run(sampler=SHIFTED, paths=n) for n in (2**16, 2**15))
    assert half.resume(paths=2**15)["gamma"] == whole["gamma"]
    half.save(tmp_path / "half.npz")
    again = gk.load(tmp_path / "half.npz")
    assert again["vega"] == half["vega"] and again.resume(paths=2**15)["vega"] == whole["vega"]
    parts = [run(sampler=SHIFTED, first=k * 2**15) for k in range(2)]
    assert gk.merge(parts)["price"] == whole["price"]
    assert run(sampler=SHIFTED, threads=1)["delta"] == half["delta"]
    with pytest.raises(gk.SchemaError, match="sampler"):
        gk.merge([half, run(stream=1)])


def test_a_target_is_met_and_another_estimator_agrees() -> None:
    found = run(sampler=SHIFTED, std_error=gk.Relative(3e-3), paths=2**13)
    assert found.complete and found["gamma"].std_error <= 3e-3 * found["gamma"].value
    asian = run(gk.AsianCall(150.0, 1.0, 3), ("delta",), estimator=ALONG, sampler=SHIFTED)
    for check in asian.verify().checks:
        assert check.difference is not None and abs(check.difference.z_score(0.0)) < 4.0
        assert check.difference.std_error < 0.05 * check.used.value


def test_trades_of_a_book_are_shifted_each_for_itself() -> None:
    settings = Settings(estimator=ALONG, sampler=SHIFTED, paths=2**14, seed=3)
    trades: list[tuple[gk.Model, gk.Payoff]] = [(MODEL, gk.Call(k, 1.0)) for k in (200.0, 210.0)]
    (group,) = estimate_many(trades, ["delta"], settings)
    for row, (_, payoff) in zip(group.values, trades, strict=True):
        alone = run(payoff, ("delta",), estimator=ALONG, sampler=SHIFTED, paths=2**14)
        assert row.tolist() == [e.value for e in alone.values()]
    assert len({task.decision.shift for task in (Task.of(*trade, [], settings) for trade in trades)}) == 2


def test_explain_tells_of_the_shift() -> None:
    explained = gk.explain(MODEL, FAR, ["delta"], estimator=ALONG, sampler=SHIFTED)
    assert "paths shifted by 3.8 standard deviations (in a pilot variance / " in explained.reasons["delta"]
    assert "shift.drift" in explained.source


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(gk.SchemaError, match=r"ImportanceSampling\.base"):
        gk.ImportanceSampling(SHIFTED)
    with pytest.raises(gk.SchemaError, match=r"ImportanceSampling\.pieces = 0"):
        gk.ImportanceSampling(pieces=0)
    with pytest.raises(gk.UnsupportedError, match=r"Remedy: sampler=greeks\.Philox\(\)"):
        gk.price(MODEL, gk.AsianCall(150.0, 1.0, 2), scheme=gk.Multilevel(gk.Euler(4)), sampler=SHIFTED)
    many = MOST + 1
    crowd = gk.MultiBlackScholes((100.0,) * many, 0.03, (0.2,) * many, tuple(map(tuple, np.eye(many))), (0.0,) * many)
    with pytest.raises(gk.UnsupportedError, match=f"{many} normals in a step"):
        gk.price(crowd, gk.BasketCall(150.0, 1.0), estimator=ALONG, sampler=SHIFTED)


# the parts -------------------------------------------------------------------------------------------------------
def test_newton_lands_where_the_second_moment_is_least() -> None:
    task = Task.of(MODEL, FAR, [], Settings(estimator=ALONG))
    scan = Scan.of(task.menu, task.contract, task.grid, task.decision.picks, 4)
    assert scan is not None and scan.until == () and list(scan.spans) == [1.0]
    z = np.linspace(-2.0, 12.0, 200_001)
    payoff = np.maximum(100.0 * np.exp(0.01 + 0.2 * z) - 200.0, 0.0)
    tilts = np.linspace(3.0, 4.5, 151)
    moments = [np.sum(payoff**2 * np.exp(-m * z + 0.5 * m * m - 0.5 * z * z)) for m in tilts]
    best = tilts[int(np.argmin(moments))]
    drift = np.array([3.2])
    for seed in range(4):
        drift = drift + scan.look(drift, drift, 2**15, seed).step(scan.spans)
    assert abs(drift[0] - best) < 0.05


def test_paths_of_any_shift_see_the_second_moment_of_another() -> None:
    task = Task.of(MODEL, FAR, [], Settings(estimator=ALONG))
    scan = Scan.of(task.menu, task.contract, task.grid, task.decision.picks, 4)
    assert scan is not None
    here, there = np.array([3.0]), np.array([4.0])
    own, crossed = scan.look(there, there, 2**16, 1, SHARE), scan.look(here, there, 2**16, 2)
    assert abs(crossed.crossed - own.second_moment) < 4.0 * math.hypot(crossed.crossed_error, own.crossed_error)
    assert crossed.crossed_error < 0.05 * crossed.crossed


def test_numbers_of_a_shift_by_name_and_piece() -> None:
    shift = DriftShift((("a", 0), ("b", 2)), (0.5,), ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0)))
    assert (shift.of("a", 1), shift.of("b", 0), shift.of("b", 1)) == ((2.0,), (3.0, 5.0), (4.0, 6.0))
    assert shift.shape == ((("a", 0), ("b", 2)), 2)
    with pytest.raises(KeyError):
        shift.of("c", 0)


def test_time_is_shared_out_among_the_pieces() -> None:
    grid = Task.of(MODEL, gk.AsianCall(100.0, 1.0, (0.3, 0.9)), [], Settings(estimator=ALONG)).grid
    assert lengths(grid, (0.5,), "arrive").tolist() == pytest.approx([0.9, 0.1])
    assert lengths(grid, (), "advance").sum() == pytest.approx(1.0)


def test_what_does_not_differ_is_set_apart() -> None:
    x, u, v = (symbol(name) for name in "xuv")
    for e, still in (((x - u) * v, -u * v), (u - x, u), ((x * x + u) / v, u / v), (-(x - v), v), (x * u, const(0.0))):
        moving, fixed = apart(e, {x})
        assert fixed is still
        assert _value(moving + fixed) == pytest.approx(_value(e))


def _value(e: Expr) -> float:
    numbers = {"x": 1.7, "u": -0.3, "v": 2.9}
    if e.op in ("symbol", "const"):
        return float(numbers.get(e.payload, 0.0) if e.op == "symbol" else e.payload)
    args = [_value(a) for a in e.args]
    return {
        "add": sum(args),
        "sub": args[0] - args[-1],
        "mul": math.prod(args),
        "div": args[0] / args[-1],
        "neg": -args[0],
    }[e.op]


def test_the_mean_of_ratios() -> None:
    assert mean_ratio([4.0, 1.0], [1.0, 1.0]) == pytest.approx(2.0)
    assert mean_ratio([1.0, 0.0], [0.0, 0.0]) > 1e3 > 1.0 > mean_ratio([0.0], [1.0])
