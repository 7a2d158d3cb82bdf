"""Whole requests in Numba's simulator: batches, families and books have the numbers of the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json
import greeks as gk
from greeks.engine.crowd.many import estimate_many
from greeks.engine.sampling.settings import Settings

model, pathwise = gk.BlackScholes(100.0, 0.05, 0.2), gk.Pathwise()
payoffs = [gk.AsianCall(90.0 + k, 1.0, 3) for k in range(3)]
found = {}
for backend in ("cpu", "cuda"):
    plain = {"estimator": pathwise, "controls": (), "seed": 3, "backend": backend}
    r = gk.sensitivities(model, payoffs[0], ["delta"], paths=300, **plain)
    s = gk.sensitivities(model, payoffs[0], ["delta"], paths=64, sampler=gk.Sobol(scrambles=2), **plain)
    (group,) = estimate_many([(model, p) for p in payoffs], ["delta"], Settings(paths=100, **plain))
    found[backend] = {
        "backends": [r.backend, s.backend],
        "numbers": [x for q in (r, s) for e in q.values() for x in (e.value, e.std_error)],
        "book": [*group.values.ravel(), *group.std_errors.ravel(), *group.batches.ravel()],
    }
single = gk.sensitivities(model, payoffs[0], ["delta"], paths=300, precision="float32", **plain)
found["single"] = [e.value for e in single.values()]
print(json.dumps(found))
"""


def test_the_engine_on_a_simulated_device() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        cwd=Path(__file__).parents[2],
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    cpu, cuda = found["cpu"], found["cuda"]
    assert (cpu["backends"], cuda["backends"]) == (["cpu"] * 2, ["cuda"] * 2)
    assert cuda["numbers"] == pytest.approx(cpu["numbers"], rel=1e-10)
    assert cuda["book"] == pytest.approx(cpu["book"], rel=1e-10)
    double = cuda["numbers"][0:4:2]
    assert found["single"] == pytest.approx(double, rel=1e-5) and found["single"] != double
