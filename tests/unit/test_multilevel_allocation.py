"""How many samples each level gets, and the bias that is left: the formulas, without a simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from greeks.engine.multilevel.allocation import Array, allocated, believable, reached, shared_out
from greeks.engine.multilevel.remainder import remainder


def test_one_number_gets_the_samples_of_giles() -> None:
    variances, costs, allowed = np.array([[30.0], [0.5], [0.1]]), np.array([3.0, 9.0, 20.0]), np.array([1e-3])
    v = variances[:, 0]
    expected = np.sqrt(v / costs) * np.sqrt(v * costs).sum() / 1e-3
    assert allocated(variances, costs, allowed) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_several_numbers_cost_no_more_than_a_general_optimiser_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    variances = rng.lognormal(size=(4, 3)) * 4.0 ** -np.arange(4)[:, None]
    costs: Array = np.array([1.0, 2.0, 4.0, 8.0])
    allowed = rng.uniform(0.5e-3, 2e-3, 3)
    samples = allocated(variances, costs, allowed)
    assert (reached(variances, samples) <= allowed * (1.0 + 1e-12)).all()

    def slack(logs: Array) -> Array:
        return np.asarray(1.0 - reached(variances, np.exp(logs)) / allowed)

    def work(logs: Array) -> float:
        return float(np.log(costs @ np.exp(logs)))

    bound: Any = {"type": "ineq", "fun": slack}
    best = minimize(work, np.log(2.0 * samples), constraints=bound, method="SLSQP")
    assert best.success
    assert costs @ samples <= np.exp(best.fun) * 1.001


def test_a_number_without_variance_asks_for_nothing() -> None:
    variances = np.array([[4.0, 0.0], [1.0, 0.0]])
    assert allocated(variances, np.array([1.0, 4.0]), np.array([0.01, 1e-9])) == pytest.approx([800.0, 200.0])


def test_a_number_without_a_target_has_no_say() -> None:
    variances, costs = np.array([[4.0, 1.0], [1.0, 9.0]]), np.array([1.0, 4.0])
    assert allocated(variances, costs, np.array([0.01, np.inf])) == pytest.approx([800.0, 200.0])


def test_a_budget_is_shared_out_in_the_proportions_of_a_target() -> None:
    variances, costs = np.array([[4.0], [1.0], [0.3]]), np.array([1.0, 4.0, 8.0])
    shares, target = shared_out(variances, costs, 1e4), allocated(variances, costs, np.array([0.01]))
    assert shares.sum() == pytest.approx(1e4)
    assert shares / shares.sum() == pytest.approx(target / target.sum())
    assert shared_out(np.zeros((2, 1)), np.ones(2), 10.0) == pytest.approx([5.0, 5.0])


def test_variances_that_a_pilot_missed_are_not_believed() -> None:
    found = believable(np.array([[10.0], [1.0], [0.0], [0.5]]), 8.0)
    assert found[:, 0] == pytest.approx([10.0, 1.0, 0.125, 0.5])


@pytest.mark.parametrize("refine", [2, 4])
@pytest.mark.parametrize("order", [0.6, 1.0, 1.7])
def test_the_remainder_of_a_geometric_sequence_is_found(order: float, refine: int) -> None:
    """Means that are known exactly: what is left is within what the answer says of itself."""
    ratio = refine**-order
    means = 0.3 * ratio ** np.arange(1, 6)
    left = -means[-1] * ratio / (1.0 - ratio)
    found = remainder(means, 1e-6 * np.abs(means), refine)
    assert abs(found.value - left) < 2.0 * found.std_error
    assert found.std_error < 0.7 * abs(left)


def test_noise_in_the_means_is_noise_in_the_remainder() -> None:
    """Errors as large as the means: over 400 draws what is left is missed by about what the answer says."""
    rng = np.random.default_rng(3)
    means, errors = 0.1 * 0.5 ** np.arange(1, 5), np.full(4, 0.01)
    found = [remainder(means + errors * rng.standard_normal(4), errors, 2) for _ in range(400)]
    misses = np.array([(b.value + means[-1]) / b.std_error for b in found])
    assert abs(misses.mean()) < 0.5
    assert 0.3 < misses.std() < 1.2


def test_no_corrections_at_all_leave_nothing() -> None:
    assert remainder(np.zeros(3), np.zeros(3), 2).value == 0.0
