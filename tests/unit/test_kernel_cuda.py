"""The CUDA form of a program: the CPU's numbers in Numba's simulator, and PTX where there is an NVVM."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greeks.errors import SchemaError, UnsupportedError
from greeks.kernels import backends, cuda
from tests.parity.toolkit import toolkit

NO_PROGRAM: Any = None
CPU = """\
LANES = 256
ROW = 264
OUTPUTS = 3
WORK = 1584
SAMPLES = 256
OUT = 528

@kernel
def block(theta, grid, seed, stream, path0, w, u):
    for p in range(LANES):
        w[p + 1320] = log(theta[0])
    for s in range(grid.shape[0]):
        normals(w, 0, path0, s, seed, stream)
        drift = -0.5 * theta[1] * theta[1] * grid[s, 1]
        for p in range(LANES):
            w[p + 1320] = w[p + 1320] + fma(theta[1] * sqrt(grid[s, 1]), w[p + 0], drift)
    normal(w, 264, path0, 9, seed, stream)
    for p in range(LANES):
        x = exp(w[p + 1320])
        w[p + 528] = maximum(x - 100.0, 0.0)
        w[p + 792] = 1.0 if x > 100.0 else 0.0
        w[p + 1056] = normal_cdf(w[p + 264]) + tanh(sin(x)) + power(x, 0.25)
"""
CUDA = """\
LANES = 256
ROW = 264
OUTPUTS = 3

@device
def path(theta, grid, seed, stream, index, out):
    y = local_array(1)
    y[0] = log(theta[0])
    for s in range(grid.shape[0]):
        z, unused = normal_pair(index, s, seed, stream)
        y[0] = y[0] + fma(theta[1] * sqrt(grid[s, 1]), z, -0.5 * theta[1] * theta[1] * grid[s, 1])
    last = normal_single(index, 9, seed, stream)
    x = exp(y[0])
    out[0] = maximum(x - 100.0, 0.0)
    out[1] = 1.0 if x > 100.0 else 0.0
    out[2] = normal_cdf(last) + tanh(sin(x)) + power(x, 0.25)
"""
COMPARE = f"""
import numpy as np
from greeks.kernels import compile as compiler, cpu, cuda, cuda_build, cuda_flight, cuda_source
from greeks.kernels.cuda_shape import Launch

theta, grid = np.array([100.0, 0.2]), np.tile([0.5, 0.25], (2, 1))
host, device = compiler.load({CPU!r}), compiler.load({CUDA!r}, "cuda")

def same(a, b):
    np.testing.assert_array_equal(a.counts, b.counts)
    for x, y in zip(a[1:], b[1:], strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-11)

def shaped(blocks, threads, chunks, **where):
    cuda_flight.launch_for = lambda work, left: Launch(blocks, threads, min(chunks, left))
    return cuda.rows(device, theta, grid, **where)

# Two families of two tiles, mixed: a chunk with third and fourth powers, and batches.
where = dict(seed=-7, stream=2, first=2**33, paths=300, families=2, batches=True, mixing=np.array([[0.5, -0.2]]))
rows = cuda.rows(device, theta, grid, **where)
same(cpu.rows(host, theta, grid, **where), rows)
# More than a chunk; more chunks than blocks, and than fit into one launch.
where = dict(seed=3, first=4096, paths=4096 + 70)
same(cpu.rows(host, theta, grid, **where), shaped(1, 1, 1, **where))
where = dict(seed=3, first=0, paths=130, families=3, batches=True)
one = shaped(1, 1, 9, **where)
for shape in ((2, 3, 9), (3, 1, 2)):
    for x, y in zip(one, shaped(*shape, **where), strict=True):
        assert x.tobytes() == y.tobytes(), shape
cuda_source.SHARED = cuda_flight.SHARED = 0  # a tile in global memory
apart = cuda_build.build({CUDA!r})
assert "cuda.shared" in device.source and "cuda.shared" not in apart.source
for x, y in zip(one, cuda.rows(apart, theta, grid, **where), strict=True):
    assert x.tobytes() == y.tobytes()
cuda_source.SHARED = cuda_flight.SHARED = 2**15
cuda_flight.devices = lambda: [0, 0]
for x, y in zip(one, shaped(2, 1, 9, **where), strict=True):
    assert x.tobytes() == y.tobytes()
pending = [cuda.submit(device, theta, grid, seed=s, paths=5) for s in (1, 2)]
first, second = (p.result() for p in pending)
assert (first.means != second.means).any()
assert cuda.run(device, theta, grid, seed=1, paths=5).mean.tobytes() == first.means[0].tobytes()
print("same")
"""
PTX = f"""
from greeks.kernels import cuda_ptx
print(cuda_ptx.ptx({CUDA!r}))
"""


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=300,
    )


def test_the_simulator_gives_the_numbers_of_the_cpu() -> None:
    done = python(COMPARE, NUMBA_ENABLE_CUDASIM="1")
    assert done.stdout == "same\n", done.stderr


def test_the_program_compiles_to_ptx_without_a_device(tmp_path: Path) -> None:
    home = toolkit(tmp_path)
    if home is None:
        pytest.skip("no NVVM on this machine: it comes with a CUDA toolkit, or with pip install numba-cuda[cu13]")
    done = python(PTX, CUDA_HOME=str(home))
    assert ".target sm_90" in done.stdout, done.stderr
    assert "fma.rn.f64" in done.stdout and "simulate" in done.stdout
    assert "{ // callseq" not in done.stdout  # the whole library is inlined


def test_without_a_device_it_says_why_and_what_to_do() -> None:
    status = backends.backends()["cuda"]
    if status.available:
        pytest.skip("there is a device here")
    assert status.reason
    with pytest.raises(UnsupportedError, match=r"backend = 'cuda': .* Use backend='cpu'"):
        cuda.run(NO_PROGRAM, np.ones(1), np.ones((1, 1)), seed=1, paths=1)


def test_bad_ranges_are_refused_as_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "unavailable", lambda: None)
    with pytest.raises(SchemaError, match="first = 5: expected a multiple of 4096"):
        cuda.run(NO_PROGRAM, np.ones(1), np.ones((1, 1)), seed=1, first=5, paths=1)
