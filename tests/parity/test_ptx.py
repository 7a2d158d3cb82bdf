"""Whole plans compile for a device where there is a compiler for one, whether or not there is a device."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parity.test_cuda_simulator import CASES

PROGRAM = """
import sys
import greeks as gk
from greeks.engine.contract import Contract
from greeks.engine.grid import time_grid
from greeks.engine.menu import menu_for
from greeks.engine.decision import decide
from greeks.engine.plan import plan_of
from greeks.kernels import cuda
from greeks.schemes.defaults import default_scheme

for text in sys.argv[1:]:
    model, payoff, greeks, settings = eval(text, {"gk": gk})
    contract, scheme = Contract.of(model, payoff), settings.get("scheme") or default_scheme(model)
    grid = time_grid(payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, greeks, settings.get("estimator", "auto"))
    plan = plan_of(menu, contract, decide(menu, contract, grid, "cpu").picks, sampler=settings.get("sampler"))
    text = cuda.ptx(plan.program.cuda)
    print("f64" in text and "simulate" in text, ".target sm_80" in text, text.count("{ // callseq"))
"""


def toolkit(folder: Path) -> Path | None:
    """A folder laid out as Numba expects CUDA_HOME, over any NVVM on this machine; None if there is none."""
    roots = [Path(os.environ.get("CUDA_HOME", "/usr/local/cuda")), *Path("/usr/local").glob("cuda*")]
    roots += [Path(entry) / "nvidia" for entry in sys.path]
    compilers = [path for root in roots for path in root.rglob("libnvvm.so*")]
    libraries = [path for root in roots for path in root.rglob("libdevice.10.bc")]
    if not compilers or not libraries:
        return None
    (folder / "nvvm/lib64").mkdir(parents=True)
    (folder / "nvvm/libdevice").mkdir()
    (folder / "nvvm/lib64/libnvvm.so").symlink_to(compilers[0].resolve())
    (folder / "nvvm/libdevice/libdevice.10.bc").symlink_to(libraries[0].resolve())
    return folder


def test_every_plan_compiles_to_ptx(tmp_path: Path) -> None:
    home = toolkit(tmp_path)
    if home is None:
        pytest.skip("no NVVM on this machine: it comes with a CUDA toolkit, or with pip install numba-cuda[cu13]")
    plans = [f"({model}, {payoff}, {greeks}, {settings})" for model, payoff, greeks, settings, _ in CASES.values()]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *plans],
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_HOME": str(home)},
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(CASES)
    assert all(line.startswith("True True") for line in lines), done.stdout
