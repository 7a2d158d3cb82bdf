"""The compiled library, lane by lane, against mpmath: accuracy, special values, bits of the scalar form."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri

from greeks.kernels import compile as compiler
from greeks.kernels import cpu
from greeks.kernels.chunks import CHUNK
from greeks.kernels.foundation import foundation
from greeks.kernels.normal import CENTRE, centred, normal_pair, normal_single, quantile
from greeks.kernels.philox import philox
from greeks.kernels.workshop import Workshop

Array = NDArray[np.float64]
PROGRAM = """\
LANES = 256
ROW = 264
OUTPUTS = 1
WORK = 1056
SAMPLES = 256
OUT = 0

@kernel
def block(theta, grid, seed, stream, path0, w, u):
    for p in range(LANES):
        x = grid[0, p]
        y = grid[1, p]
        w[p + 264] = x
        w[p + 528] = y
    {before}
    for p in range(LANES):
        x = w[p + 264]
        y = w[p + 528]
        w[p + 0] = {expression}
    for p in range(LANES):
        theta[p] = w[p + 0]
"""
CALL = "int(grid[1, 0])"
RNG = np.random.default_rng(20240229)


def lanes(expression: str, x: Any = (), y: Any = (), before: str = "", **where: int) -> Array:
    """The expression in x and y, computed in the lanes of a compiled block."""
    program = compiler.load(PROGRAM.format(expression=expression, before=before))
    x = np.asarray(x, dtype=float)
    padded = np.ones((2, -(-max(len(x), 1) // 256) * 256))
    padded[0, : len(x)], padded[1, : len(y)] = x, y
    found = []
    for begin in range(0, padded.shape[1], 256):
        out = np.zeros(256)
        cpu.run(program, out, padded[:, begin : begin + 256], paths=1, threads=1, **{"seed": 0, **where})
        found.append(out)
    return np.concatenate(found)[: len(x) or None]


def ulps(values: Any, exact: Any) -> float:
    """The largest distance to the exact values, in units of their last place."""
    return max(
        float(abs(mpmath.mpf(float(v)) - e)) / float(np.spacing(abs(float(e))))
        for v, e in zip(values, exact, strict=True)
    )


def uniform(*ranges: tuple[float, float]) -> Array:
    return np.concatenate([RNG.uniform(low, high, 512) for low, high in ranges])


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with mpmath.workdps(40):
        yield


def quantiles(q: Any) -> Iterator[Any]:
    """Standard normal quantiles at 1/2 + q in 40 digits, from scipy's by Newton steps on the smaller tail."""
    for value in q:
        p = mpmath.mpf(0.5) - abs(mpmath.mpf(float(value)))
        z = mpmath.mpf(float(ndtri(float(p))))
        for _ in range(3):
            z -= (mpmath.erfc(-z / mpmath.sqrt(2)) / 2 - p) / mpmath.npdf(z)
        yield -z if value > 0 else z


@pytest.mark.parametrize(
    ("name", "exact", "x", "bound"),
    [
        ("exp", mpmath.exp, uniform((-5, 5), (-708, 709.7)), 1.0),
        (
            "log",
            mpmath.log,
            np.append(np.exp(uniform((-700, 700), (-1, 1))), [5e-324, 1e-310, 1 + 1e-15]),
            1.0,
        ),
        ("tanh", mpmath.tanh, uniform((-1, 1), (-25, 25), (-1e-7, 1e-7)), 2.0),
        ("sin", mpmath.sin, np.append(uniform((-7, 7), (-1e6, 1e6)), np.arange(1, 400) * np.pi), 2.0),
        ("cos", mpmath.cos, np.append(uniform((-7, 7), (-1e6, 1e6)), (np.arange(1, 400) + 0.5) * np.pi), 2.0),
        (
            "normal_cdf",
            lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
            uniform((-37, 0), (-3, 8), (-1e-3, 1e-3)),
            8.0,
        ),
        ("normal_pdf", mpmath.npdf, uniform((-37, 37), (-3, 3)), 5.0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_accuracy(name: str, exact: Any, x: Any, bound: float) -> None:
    assert ulps(lanes(f"{name}(x)", x), [exact(mpmath.mpf(float(v))) for v in x]) <= bound


def test_power_keeps_its_digits_far_out() -> None:
    x, y = np.exp(uniform((-8, 8))), uniform((-40, 40))
    exact = [mpmath.power(mpmath.mpf(float(a)), mpmath.mpf(float(b))) for a, b in zip(x, y, strict=True)]
    assert ulps(lanes("power(x, y)", x, y), exact) <= 2.0


@pytest.mark.parametrize("k", [0, 1, 2, 5])
def test_exprel_is_the_integral(k: int) -> None:
    x = np.append(uniform((-50, 50), (-1, 1)), [0.0, -80.0, 80.0, -300.0, 300.0])
    exact = [mpmath.hyp1f1(k + 1, k + 2, mpmath.mpf(float(v))) / (k + 1) for v in x]
    values = lanes(f"exprel({k}, x)", x)
    assert max(abs(float(v / e - 1)) for v, e in zip(values, exact, strict=True)) < 1e-14


INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("expression", "x", "y", "expected"),
    [
        ("exp(x)", [0.0, INF, -INF, NAN, 710.0, -745.0, -746.0], [], [1.0, INF, 0.0, NAN, INF, 5e-324, 0.0]),
        ("log(x)", [1.0, 0.0, -1.0, INF, NAN], [], [0.0, -INF, NAN, INF, NAN]),
        ("sqrt(x)", [4.0, 0.0, -1.0, INF, NAN], [], [2.0, 0.0, NAN, INF, NAN]),
        ("power(x, y)", [0.0, 0.0, 0.0, INF, -1.0, NAN], [0.5, -1, 0, 2, 0.5, 1], [0, INF, 1, INF, NAN, NAN]),
        ("power(x, y)", [1e300, 2.0, 1e-310, 1.0], [2.0, -1080.0, 1.0, 1e308], [INF, 0.0, 1e-310, 1.0]),
        ("normal_cdf(x)", [0.0, INF, -INF, NAN, 9.0], [], [0.5, 1.0, 0.0, NAN, 1.0]),
        ("normal_pdf(x)", [INF, -INF, NAN], [], [0.0, 0.0, NAN]),
        ("tanh(x)", [0.0, INF, -INF, NAN], [], [0.0, 1.0, -1.0, NAN]),
        ("sin(x)", [0.0, INF, NAN, 1e300], [], [0.0, NAN, NAN, NAN]),
        ("maximum(x, y)", [1.0, NAN, 1.0, -INF], [2.0, 1.0, NAN, 0.0], [2.0, NAN, NAN, 0.0]),
        ("minimum(x, y)", [1.0, NAN, 1.0, INF], [2.0, 1.0, NAN, 0.0], [1.0, NAN, NAN, 0.0]),
        ("absolute(x)", [-2.0, 3.0, NAN], [], [2.0, 3.0, NAN]),
        ("fma(x, x, -y)", [1.0 + 2.0**-30], [(1.0 + 2.0**-30) ** 2], [2.0**-60]),
    ],
)
def test_special_values(expression: str, x: Any, y: Any, expected: Any) -> None:
    np.testing.assert_array_equal(lanes(expression, x, y), expected)


def test_quantile_is_the_normal_quantile() -> None:
    words = RNG.integers(0, 2**32, (2, 1000))
    ends = [(0, 0), (2**32 - 1, 2**32 - 1), (2**31, 0), (2**31 - 1, 2**32 - 1), (123, 0), (2**20, 7)]
    q = np.array([centred(int(a), int(b)) for a, b in [*words.T, *ends]])
    assert np.abs(q).max() == 0.5 - 2.0**-53
    exact = list(quantiles(q))
    for values in ([quantile(v) for v in q], lanes("quantile(x)", q)):
        assert max(abs(float(v / e - 1)) for v, e in zip(values, exact, strict=True)) < 2e-15


def test_quantile_is_odd_and_increases_across_the_seam() -> None:
    q = CENTRE + np.arange(-2000, 2000) * 2.0**-50
    values = lanes("quantile(x)", q)
    np.testing.assert_array_equal(lanes("quantile(x)", -q), -values)
    assert (np.diff(values) >= -4e-16).all() and values[-1] > values[0]


@pytest.mark.parametrize("seed", [0, 12345, -1, 2**63 + 11])
@pytest.mark.parametrize(("first", "call", "stream"), [(0, 0, 0), (CHUNK * 2**20, 2**32 - 1, 2**32 - 1), (2**40, 7, 3)])
def test_rows_of_normals_are_the_scalar_draws(seed: int, first: int, call: int, stream: int) -> None:
    where: dict[str, Any] = {"y": [call], "seed": seed, "first": first, "stream": stream}
    key = (CALL, "seed", "stream")
    scalar = [normal_pair(first + p, call, cpu.signed(seed), stream) for p in range(256)]
    alone = [normal_single(first + p, call, cpu.signed(seed), stream) for p in range(256)]
    rows = f"normals(w, 264, path0, {', '.join(key)})"
    for half, expression in enumerate("xy"):
        found = lanes(expression, before=rows, **where)
        np.testing.assert_allclose(found, [pair[half] for pair in scalar], rtol=2e-15)
        np.testing.assert_array_equal(found, lanes(f"normal_pair(path0 + p, {', '.join(key)})[{half}]", **where))
    found = lanes("x", before=f"normal(w, 264, path0, {', '.join(key)})", **where)
    np.testing.assert_allclose(found, alone, rtol=2e-15)
    np.testing.assert_array_equal(found, lanes(f"normal_single(path0 + p, {', '.join(key)})", **where))
    assert len({*np.ravel(scalar), *alone}) == 768


def test_normals_come_from_philox() -> None:
    a, b, c, d = philox(5, 3, 17, 1, 42, 0)
    expected = quantile(centred(a, b)), quantile(centred(c, d))
    assert normal_pair(2**32 + 17, 5, 42, 3) == expected


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 assembly")
@pytest.mark.parametrize("name", ["exp", "log", "normal_cdf", "tanh", "sin"])
def test_lane_loops_vectorise(name: str) -> None:
    base, workshop = foundation(), Workshop("vectors")
    source = compiler.source_of(PROGRAM.format(expression=f"{name}(x)", before="pass"))
    workshop.compile(source, base.names_for(base.calls_of(source)))
    block = workshop.dispatchers["block"]
    (signature,) = block.signatures
    assembly = block.inspect_asm(signature)
    packed, scalar = assembly.count("pd\t"), assembly.count("vfmadd213sd")
    assert packed > 50 and scalar == 0
    assert '"prefer-vector-width"="512"' in block.inspect_llvm(signature)


def test_copy_moves_a_row() -> None:
    np.testing.assert_array_equal(lanes("x", [1.0, 2.0], [3.0, 4.0], before="copy(w, 264, 528)"), [3.0, 4.0])
