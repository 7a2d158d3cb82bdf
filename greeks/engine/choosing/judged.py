"""What a shift is worth: the variances of a request with it and without, controls included, seen by the same paths.

Paths of the mixture go wherever either law goes. So they tell the second moments of all samples and controls under
both: those of what is weighted as they are, and E[y y'] = E_mixture[w y y'] without a shift, however rarely plain paths
would see anything.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from greeks.engine.choosing.control import Pairing
from greeks.engine.choosing.decision import Decision
from greeks.engine.choosing.menu import Menu
from greeks.engine.choosing.pilot import PATHS, SEED, residual, sampled
from greeks.engine.choosing.plan import (
    Kept,
    Plan,
    compiled,
    controls_of,
    kept_of,
    on_shifted,
    picked_of,
    plan_of,
    whole_of,
)
from greeks.engine.programs.shift import Shape
from greeks.engine.programs.stages import cut
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import TimeGrid
from greeks.expressions.node import ONE
from greeks.samplers import Philox

Array = npt.NDArray[np.float64]
PLAIN, WHOLE = "plain ", "whole "  # begin the names of outputs without a weight, and of those that all of it is in
WEIGHT = "weight"
EXACT = 1e-9  # of a variance, if controls leave no more: it is the regression's rounding


def variances(
    menu: Menu, contract: Contract, grid: TimeGrid, without: Decision, with_it: Decision
) -> tuple[list[float], list[float]]:
    """Of every number that has noise its variance without the shift and with it, 0 where controls leave none.

    The options of both are the same.
    """
    shift = with_it.shift
    assert shift is not None
    plan = plan_of(menu, contract, without.picks, controls=controls_of(menu, without.picks), shift=shift)
    width = plan.program.width
    judge = _judge(menu, contract, without, shift.shape)
    seen = sampled(judge, *judge.table(contract, grid, shift), 2 * PATHS, SEED + 2).raw
    mean, comoment = np.asarray(seen.mean), np.asarray(seen.comoment)
    second = comoment / seen.count + np.outer(mean, mean)
    weighted, plain, whole = (slice(k * width, (k + 1) * width) for k in range(3))
    total = float(mean[-1])  # of the weights: shares of them make a law
    expected = mean[whole] / total
    unshifted = seen.count * (second[whole, plain] / total - np.outer(expected, expected))
    found = [
        _of_numbers(plan, decision, seen.count, m, c)
        for decision, m, c in (
            (without, expected, unshifted),
            (with_it, mean[weighted], comoment[weighted, weighted]),
        )
    ]
    return found[0], found[1]


def _judge(menu: Menu, contract: Contract, decision: Decision, shape: Shape) -> Plan:
    """The program of a decision with every output three times: as on shifted paths, without a weight, all weighted."""
    key = ("judge", decision.picks, shape)
    if key not in menu.plans:
        whole = whole_of(*picked_of(menu, decision.picks, controls_of(menu, decision.picks)))
        outputs = whole.outputs
        named = {f"{WHOLE}{name}": e for name, e in outputs.items()} | {WEIGHT: ONE}
        fold = on_shifted(replace(whole, outputs={**outputs, **named}), menu, shape, {WEIGHT})
        plain = {f"{PLAIN}{name}": e for name, e in outputs.items()}
        order = [*outputs, *plain, *named]
        fold = replace(fold, outputs={name: {**fold.outputs, **plain}[name] for name in order})
        slots, program = compiled(contract, cut(fold, menu.shape), Philox())
        pairing = Pairing(((),) * program.width, ())
        menu.plans[key] = Plan((), pairing, program, slots, len(contract.packed), Philox())
    return menu.plans[key]


def _of_numbers(plan: Plan, decision: Decision, paths: int, mean: Array, comoment: Array) -> list[float]:
    """The variances of the numbers that a decision reads, from moments of the samples and all controls of a plan."""
    kept: Kept = decision.controls or ((),) * len(plan.samples)
    left = residual(kept_of(plan, kept), paths, mean, comoment)
    found = []
    for samples, weights in zip(plan.samples, decision.weights, strict=True):
        if any(s.random for s in samples):
            columns, row = [s.column for s in samples], np.array(weights)
            before = float(row @ comoment[np.ix_(columns, columns)] @ row) / paths
            after = float(row @ left[np.ix_(columns, columns)] @ row)
            found.append(after if after > EXACT * before else 0.0)
    return found
