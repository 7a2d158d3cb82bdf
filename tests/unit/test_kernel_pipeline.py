"""The short way of programs through Numba: the numbers of its own pipeline, and every kind of call looked up once."""

from __future__ import annotations

import operator
from math import sqrt
from typing import Any

import numpy as np
from numba import njit, types
from numba.core.compiler import Compiler
from numba.core.registry import cpu_target

from greeks.kernels.calling import BLOCK
from greeks.kernels.intrinsics import OPTIONS, PRIVATE, fma, opaque
from greeks.kernels.pipeline import Remembering

ROW = 264


def block(theta: Any, grid: Any, seed: int, stream: int, path0: int, w: Any, u: Any) -> None:
    """What programs consist of: names in several loops, branches that are values, indices from the grid."""
    for p in range(256):
        x = w[p]
        low = x < theta[0]
        w[p + ROW] = 0.0 if low else x * x + theta[1]
    for k in range(grid.shape[0]):
        row = int(grid[k, 0])
        shift = theta[row] if k & 1 == 0 else 1.0
        for i in range(opaque(3)):
            for p in range(256):
                x = w[p + i * ROW]
                y = fma(x, shift, -1e-3 * (path0 + p))
                low = y < 0.0
                w[p + i * ROW] = sqrt(abs(y)) if low | (y > 2.0) else y / theta[2]


def played(**how: Any) -> list[float]:
    """The workspace after the block compiled that way has run on it."""
    compiled = njit(BLOCK, **(OPTIONS | how))(block)
    w = np.random.default_rng(3).normal(size=3 * ROW)
    grid = np.array([[1.0], [0.0], [2.0]])
    compiled(np.array([0.25, -1.5, 0.75]), grid, 1, 0, 512, w, np.empty(0))
    return [float(x) for x in w]


def test_numbers_are_those_of_the_pipeline_of_numba() -> None:
    ours = played()
    assert ours == played(pipeline_class=Compiler)
    assert len(set(ours)) > 2 * 256  # the lanes differ, zeros and all


def test_few_passes_remain() -> None:
    compiled = njit(BLOCK, **PRIVATE, **OPTIONS)(block)
    (made,) = compiled.overloads.values()
    passes = {name.split("_", 1)[1] for name in made.metadata["pipeline_times"]["greeks"]}
    assert "greeks_type_inference" in passes
    assert not passes & {"reconstruct_ssa", "nopython_rewrites", "dead_branch_prune", "inline_closure_likes"}


def test_a_kind_of_call_is_looked_up_once() -> None:
    context, looked = cpu_target.typing_context, []

    class Counting:
        def resolve_function_type(self, function: Any, args: Any, kws: Any) -> Any:
            looked.append(args)
            return context.resolve_function_type(function, args, kws)

    context.refresh()
    product = context.resolve_value_type(operator.mul)
    remembering = Remembering(Counting())
    for kind in (types.float64, types.int64, types.float64, types.int64):
        assert remembering.resolve_function_type(product, (kind, kind), {}) == kind(kind, kind)
    assert looked == [(types.float64, types.float64), (types.int64, types.int64)]
