"""The host's half of the CUDA backend, under a driver that plays on the host: what the simulator never sees.

Contexts, streams, copies, launches, the arguments' types, several devices, occupancy, memory, the compilers' and the
driver's errors, and the files of compiled programs are Numba's own here; only the device is not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parity.toolkit import toolkit

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, warnings
warnings.simplefilter("error")
from tests.parity import host
import greeks as gk
from greeks.engine.crowd.many import estimate_many
from greeks.engine.sampling.settings import Settings
from greeks.kernels import cuda_flight

driver = host.installed()
model, pathwise = gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.Pathwise()
plain = {"estimator": pathwise, "controls": (), "seed": 3}
wanted = {**plain, "backend": "cuda", "paths": 2**15}
book = [(model, gk.AsianCall(90.0 + k, 1.0, 12)) for k in range(20)]

def numbers(r):
    return [x for e in r.values() for x in (e.value, e.std_error)]

def run(**more):
    return numbers(gk.sensitivities(model, book[5][1], ["delta"], **{**wanted, **more}))

def launches():
    return [driver.fake_launches(k) for k in (0, 1)]

def used():
    return [driver.fake_used(k) for k in (0, 1)]

found = {"cpu": run(backend="cpu"), "cuda": run()}
found["launches"], found["hardware"] = launches(), gk.backends()["cuda"].hardware
found["used"] = [(run(), used())[1] for _ in range(3)]
before = sum(launches())
settings = Settings(**plain, backend="cuda", paths=2**13)
(group,) = estimate_many(book, ["delta"], settings, streams=[k % 2 for k in range(20)])
found["book"], found["of book"] = group.values[5].tolist(), sum(launches()) - before
alone = gk.sensitivities(*book[5], ["delta"], **{**wanted, "paths": 2**13, "stream": 1})
found["alone"] = [e.value for e in alone.values()]
found["faults"] = {}
for name, after, code in FAULTS:
    cuda_flight._pool.clear()
    driver.fake_fail(name.encode(), after, code)
    try:
        run()
    except gk.DeviceError as error:
        found["faults"][name] = str(error)
    driver.fake_clear()
found["after"] = run()
print(json.dumps(found))
"""
FAULTS = {
    "cuMemAlloc": (2, 2, "the device has too little free memory"),
    "cuMemHostAlloc": (0, 2, "the host has too little memory that can be locked"),
    "cuMemcpyHtoDAsync": (1, 214, "the device is lost"),
    "cuLaunchKernel": (0, 701, "more registers than the device has"),
    "cuStreamSynchronize": (0, 719, "the launch failed"),
    "cuMemcpyDtoHAsync": (0, 46, "the device is lost"),
}
AGAIN = """
import greeks as gk
from greeks.engine.run import Task
from greeks.engine.sampling.devices import loaded
from greeks.engine.sampling.settings import Settings

settings = Settings(backend="cuda", estimator=gk.Pathwise(), controls=())
task = Task.of(gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.AsianCall(95.0, 1.0, 12), ["delta"], settings)
print(loaded(task.plan.program, settings).compiled)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """That of a process which finds this driver, with a compiler for devices and a cache of its own."""
    folder = tmp_path_factory.mktemp("driver")
    (folder / "cuda").mkdir()
    home, cc = toolkit(folder / "cuda"), shutil.which("cc")
    if home is None:
        pytest.skip("no NVVM on this machine: it comes with a CUDA toolkit, or with pip install nvidia-nvvm")
    if cc is None:
        pytest.skip("no C compiler on this machine")
    library = folder / "libcuda.so.1"
    source = Path(__file__).with_name("driver.c")
    subprocess.run([cc, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True, timeout=60)
    (folder / "libcuda.so").symlink_to(library)
    own = {"DRIVER": str(library), "NUMBA_CUDA_DRIVER": str(library), "LD_LIBRARY_PATH": str(folder)}
    return {**os.environ, **own, "CUDA_HOME": str(home), "GREEKS_CACHE_DIR": str(folder / "cache")}


def said(code: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_but_the_device(environment: dict[str, str]) -> None:
    faults = [(name, after, code) for name, (after, code, _) in FAULTS.items()]
    found = json.loads(said(f"FAULTS = {faults!r}\n{PROGRAM}", environment | {"FAKE_DEVICES": "2"}))
    assert found["hardware"] == [f"Host device {k} (compute capability 9.0)" for k in (0, 1)]
    assert found["cuda"] == pytest.approx(found["cpu"], rel=1e-10)
    assert min(found["launches"]) > 0, "both devices take part"
    assert found["used"][0] == found["used"][1] == found["used"][2], "buffers are used again"
    assert found["of book"] <= 4, "contracts of a program fly together"
    assert found["book"] == found["alone"]
    assert found["after"] == found["cuda"]
    for name, (_, _, told) in FAULTS.items():
        assert told in found["faults"][name] and "Remedy: " in found["faults"][name]
    assert said(AGAIN, environment) == "False\n", "the next process loads what this one compiled"


@pytest.mark.slow
def test_what_is_for_a_device_runs_where_everything_but_the_device_is_real(environment: dict[str, str]) -> None:
    """`make test-gpu` here: should it fail on a device, it is the device's doing."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.parity.host", "-m", "gpu", "tests/parity/test_device.py"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=3000,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
