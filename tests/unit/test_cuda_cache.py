"""Device code is compiled once a machine: kept under a hash of all it depends on, found again, repaired if damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from greeks.kernels import cuda_single, cuda_source
from tests.parity.toolkit import toolkit

TEXT = """\
OUTPUTS = 1

@device
def path(theta, grid, seed, stream, index, out):
    z, other = normal_pair(index, 0, seed, stream)
    out[0] = theta[0] + z * other
"""
BUILD = f"""
import sys
from unittest import mock
from greeks.kernels import cuda, cuda_build, cuda_ptx
from numba.cuda.cudadrv import nvvm

capability, compiles = tuple(map(int, sys.argv[1].split("."))), sys.argv[2] == "compiles"
refuse = mock.patch.object(nvvm, "compile_ir", side_effect=AssertionError("compiled again"))
with mock.patch.object(cuda, "unavailable", lambda: None), cuda_ptx.supposed_device(capability):
    with mock.patch.object(cuda_build, "target", lambda: str(capability)):
        if compiles:
            program = cuda_build.build({TEXT!r})
        else:
            with refuse:
                program = cuda_build.build({TEXT!r})
assert program.compiled == compiles, program
print(program.key, hash(cuda_ptx.ptx_of(program.entry, capability)))
"""


def build(folder: Path, home: Path, what: str, capability: str = "9.0") -> str:
    environment = {"CUDA_HOME": str(home), "GREEKS_CACHE_DIR": str(folder), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, capability, what],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_device_code_is_found_again_and_repaired(tmp_path: Path) -> None:
    (tmp_path / "cuda").mkdir()
    home, folder = toolkit(tmp_path / "cuda"), tmp_path / "programs"
    if home is None:
        pytest.skip("no NVVM on this machine: it comes with a CUDA toolkit, or with pip install numba-cuda[cu13]")
    first = build(folder, home, "compiles")
    assert build(folder, home, "loads") == first
    (program,) = folder.iterdir()
    (kept,) = program.rglob("*.nbc")
    kept.write_bytes(kept.read_bytes()[:-100])
    again = build(folder, home, "compiles")
    assert again.split()[0] == first.split()[0]
    assert build(folder, home, "loads") == again


def test_the_source_says_what_it_is_compiled_for() -> None:
    sources = {cuda_source.assemble(TEXT, simulated=False, target=t) for t in ("(8, 0); driver 1", "(9, 0); driver 1")}
    assert len(sources) == 2


def test_single_precision_is_the_same_text_rounded() -> None:
    source = cuda_source.assemble(cuda_single.single(TEXT), simulated=False)
    assert "out[0] = float32(theta[0]) + z * other" in source
    assert "cuda.local.array(OUTPUTS, float32)" in source and "fma32(" in source and "logf" in source
    exact = source[source.index("def centred") :]
    assert "2.220446049250313e-16" in exact[:300] and "float32(" not in exact[: exact.index("return")]


def test_a_large_tile_is_not_in_shared_memory() -> None:
    few, many = (cuda_source.assemble(TEXT.replace("OUTPUTS = 1", f"OUTPUTS = {n}"), False) for n in (16, 17))
    assert "x = cuda.shared.array(4096, float64)" in few
    assert "x = work[block, work.shape[1] - 4352 :]" in many
