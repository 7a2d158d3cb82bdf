"""Many contracts at once give what each gives alone, and how their errors go together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.crowd.many import Group, estimate_many
from greeks.engine.sampling.settings import Settings

GREEKS = ["delta", "vega"]
STOCKS = [gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.BlackScholes(60.0, 0.05, 0.35)]


def book() -> list[tuple[gk.Model, gk.Payoff]]:
    """Two underlyings, several kinds, dates of every length."""
    payoffs: list[Any] = []
    for k, n in ((0.9, 12), (1.0, 52), (1.1, 13)):
        payoffs += [
            lambda s, k=k: gk.Call(k * s, 1.0),
            lambda s, k=k: gk.DigitalCall(k * s, 0.5, cash=10.0),
            lambda s, k=k, n=n: gk.AsianCall(k * s, n / 52.0, n),
            lambda s, k=k, n=n: gk.BarrierOption(k * s, 0.8 * s, n / 52.0, n),
        ]
    return [(m, p(m.spot)) for p in payoffs for m in STOCKS]


def numbers(groups: tuple[Group, ...]) -> dict[int, tuple[Any, ...]]:
    """By position: values, errors and batches as bytes."""
    return {
        int(at): (g.values[i].tobytes(), g.std_errors[i].tobytes(), g.batches[i].tobytes())
        for g in groups
        for i, at in enumerate(g.at)
    }


@pytest.mark.parametrize("paths", [1000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_each_is_what_it_is_alone(paths: int) -> None:
    contracts = book()
    streams = [3 if m is STOCKS[0] else 4 for m, _ in contracts]
    settings = Settings(paths=paths, seed=5)
    for g in estimate_many(contracts, GREEKS, settings, streams):
        for i, at in enumerate(g.at):
            model, payoff = contracts[at]
            alone = gk.sensitivities(model, payoff, GREEKS, paths=paths, seed=5, stream=streams[at])
            found = g.estimates(i)
            assert list(found) == list(alone)
            for name, e in alone.items():
                assert (found[name].value, found[name].std_error) == (e.value, e.std_error)
                assert (found[name].paths, found[name].estimator) == (e.paths, e.estimator)


def test_neither_order_nor_company_nor_threads_matter() -> None:
    contracts = book()
    order = np.random.default_rng(1).permutation(len(contracts))
    whole = numbers(estimate_many(contracts, GREEKS, Settings(paths=9000, threads=1)))
    turned = numbers(estimate_many([contracts[k] for k in order], GREEKS, Settings(paths=9000, threads=3)))
    assert {int(order[k]): of for k, of in turned.items()} == whole
    few = numbers(estimate_many(contracts[5:8], GREEKS, Settings(paths=9000)))
    assert {k + 5: of for k, of in few.items()} == {k: whole[k] for k in (5, 6, 7)}


def test_batches_tell_the_error_of_a_sum() -> None:
    """Of one number as its standard error says; of a long and a short position in the same nothing is left."""
    model = STOCKS[0]
    strikes = np.linspace(90.0, 110.0, 40)
    groups = estimate_many([(model, gk.AsianCall(k, 1.0, 4)) for k in strikes], GREEKS, Settings(paths=2**15))
    (g,) = groups
    np.testing.assert_allclose(g.batches.mean(axis=1), g.values, rtol=1e-12)
    ratio = (g.batches.var(axis=1, ddof=1) / g.batches.shape[1]) ** 0.5 / g.std_errors
    assert np.all(np.abs(ratio - 1.0) < 4.0 / np.sqrt(2 * 63))
    twice = estimate_many([(model, gk.AsianCall(95.0, 1.0, 4))] * 2, GREEKS, Settings(paths=2**15))[0]
    assert np.array_equal(twice.batches[0], twice.batches[1])


def test_what_cannot_be_had_is_said_and_leaves_the_rest_alone() -> None:
    contracts: list[Any] = [
        (STOCKS[0], gk.Call(100.0, 1.0)),
        (STOCKS[0], gk.BasketCall(100.0, 1.0)),
        (gk.Bachelier(100.0, 0.05, 20.0), gk.Call(100.0, 1.0)),
    ]
    groups = estimate_many(contracts, ["delta", "d_barrier"], Settings(paths=512))
    failed = next(g for g in groups if g.failures)
    assert list(failed.failures) == [1] and isinstance(failed.failures[1], gk.UnsupportedError)
    assert [g.at.tolist() for g in groups if not g.failures] == [[0], [2]]
    assert all("d_barrier" in g.refusals and g.greeks == ("price", "delta") for g in groups if not g.failures)


def test_those_simulated_as_one_are_bit_for_bit_what_each_is_alone() -> None:
    """Prices alone, whose sums have one column; and one that is no number, which takes the others' company away."""
    contracts: list[Any] = [(m, gk.AsianCall(k * m.spot, 1.0, 4)) for m in STOCKS for k in (0.9, 1.0, 1.1)]
    contracts.insert(2, (gk.BlackScholes(1e308, 0.05, 5.0), gk.AsianCall(1e308, 1.0, 4)))
    settings = Settings(paths=4096 * 37 + 100, seed=2, controls=())
    groups = estimate_many(contracts, [], settings)
    assert [list(g.failures) for g in groups] == [[], [2]]
    alone = [estimate_many([c], [], settings) for c in contracts]
    assert numbers(groups[:1]) == {k: numbers(of)[0] for k, of in enumerate(alone) if k != 2}


def test_a_contract_may_be_decided_as_another_of_its_kind() -> None:
    """Spot 60 alone takes another estimator than spot 100: a difference of both is to come from one."""
    payoff = gk.AsianCall(100.0, 1.0, 12)
    near, far = (gk.BlackScholes(spot, 0.05, 0.2) for spot in (100.0, 60.0))
    settings = Settings(paths=2**14, seed=1, controls=())

    def thetas(*models: gk.Model, likes: Any = None) -> list[tuple[Any, float]]:
        (group,) = estimate_many([(m, payoff) for m in models], ["theta"], settings, likes=likes)
        return [(r[1].estimator, float(v[1])) for r, v in zip(group.readings, group.values, strict=True)]

    (usual, _), (own, value) = *thetas(near), *thetas(far)
    assert own != usual
    ((of_near, _), (of_far, changed)) = thetas(near, far, likes=[None, (near, payoff)])
    assert of_near == of_far == usual and changed != value
    assert usual == "pathwise"
    named = gk.sensitivities(far, payoff, ["theta"], paths=2**14, seed=1, estimator=gk.Pathwise())
    assert changed == named["theta"].value
