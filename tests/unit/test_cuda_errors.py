"""What goes wrong on a device is told with a remedy, in the middle of a run too; nothing falls back by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest

import greeks as gk
from greeks.engine.sampling import devices, simulation
from greeks.engine.sampling.settings import Settings
from greeks.kernels import backends, cuda, cuda_flight, cuda_found
from greeks.kernels.compile import CompiledProgram
from greeks.kernels.cuda_errors import clear_errors
from greeks.kernels.cuda_memory import Pool
from greeks.kernels.cuda_shape import Launch

MODEL, PAYOFF = gk.BlackScholes(100.0, 0.05, 0.2), gk.AsianCall(100.0, 1.0, 10)


class CudaAPIError(Exception):
    """Named as the driver's."""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY", "too little free memory. Remedy: free"),
        ("[719] Call to cuStreamSynchronize results in CUDA_ERROR_LAUNCH_FAILED", "Remedy: start a new process"),
        ("[2] Call to cuMemHostAlloc results in CUDA_ERROR_OUT_OF_MEMORY", "the host has too little memory"),
        ("[222] CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "Remedy: update the driver"),
        ("[701] CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "Remedy: ask for fewer Greeks"),
        ("[214] CUDA_ERROR_ECC_UNCORRECTABLE", "the device is lost. Remedy: look at it with `nvidia-smi`"),
        ("[702] CUDA_ERROR_LAUNCH_TIMEOUT", "watchdog"),
        ("[999] CUDA_ERROR_UNKNOWN", "the device refused. Remedy"),
    ],
)
def test_errors_of_the_driver_become_ours(said: str, told: str) -> None:
    with pytest.raises(gk.DeviceError, match="backend = 'cuda': ") as caught, clear_errors():
        raise CudaAPIError(said)
    assert told in str(caught.value) and said.split()[-1] in str(caught.value)
    assert isinstance(caught.value.__cause__, CudaAPIError)


@pytest.mark.parametrize(
    "name", ["nvJitLinkError", "nvvmError", "NvvmError", "LinkerError", "CUDAError", "CCSupportError"]
)
def test_errors_of_every_package_below_become_ours(name: str) -> None:
    with pytest.raises(gk.DeviceError, match="the device refused"), clear_errors():
        raise type(name, (Exception,), {})("ERROR 4")


@pytest.mark.parametrize("error", [ValueError("mine"), gk.SchemaError("ours"), KeyboardInterrupt()])
def test_other_errors_pass(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, clear_errors():
        raise error
    assert caught.value is error


class FakeSlot:
    """A slot whose stream fails when it is waited for."""

    stream = 0

    def room(self, name: str, shape: Any, dtype: Any = float) -> Any:
        return np.zeros(shape, dtype)

    def sent(self, name: str, array: Any) -> Any:
        return array

    def fetched(self, name: str, array: Any) -> Any:
        return array

    def wait(self) -> None:
        raise CudaAPIError("[719] CUDA_ERROR_LAUNCH_FAILED")


def test_a_device_lost_in_the_middle_is_told_and_its_buffers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool()
    pool.give(0, FakeSlot())  # type: ignore[arg-type]
    launched: list[Any] = []
    entry: Any = {(1, 32, 0): lambda *a: launched.append(a)}
    program = CompiledProgram("", "", "cuda", "", 2, 0, 256, True, entry)
    monkeypatch.setattr(cuda_flight, "_pool", pool)
    monkeypatch.setattr(cuda, "unavailable", lambda: None)
    monkeypatch.setattr(cuda_flight, "devices", lambda: [0])
    monkeypatch.setattr(cuda_flight, "of_device", lambda device: mock.MagicMock())
    monkeypatch.setattr(cuda_flight, "launch_for", lambda work, chunks: Launch(1, 32, chunks))
    pending = cuda.submit(program, np.ones(1), np.ones((1, 1)), seed=1, paths=10)
    pool.give(0, FakeSlot())  # type: ignore[arg-type]
    assert len(launched) == 1
    with pytest.raises(gk.EstimationError, match="CUDA_ERROR_LAUNCH_FAILED"):
        pending.result()
    assert not pool._free


def unusable(reason: str = "no NVIDIA driver.") -> Callable[[], backends.Backends]:
    return lambda: backends.Backends((backends.Availability("cuda", not reason, reason),))


def test_auto_takes_a_device_for_large_work_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Settings(backend="auto", paths=2**10)
    large = replace(asked, paths=2**40)
    monkeypatch.setattr(devices, "available", unusable(""))
    assert devices.settled(asked, MODEL, PAYOFF, ["delta"]).backend == "cpu"
    assert devices.settled(large, MODEL, PAYOFF, ["delta"]).backend == "cuda"
    assert devices.settled(replace(asked, precision="float32"), MODEL, PAYOFF, []).backend == "cuda"
    target = replace(asked, std_error=1e-9, max_paths=2**40)
    assert devices.settled(target, MODEL, PAYOFF, []).backend == "cuda"
    monkeypatch.setattr(devices, "available", unusable())
    assert devices.settled(large, MODEL, PAYOFF, ["delta"]).backend == "cpu"


def failing(*of: Any) -> Any:
    raise CudaAPIError("[2] CUDA_ERROR_OUT_OF_MEMORY")


def test_auto_goes_on_without_a_device_that_fails_and_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: dict[str, Any] = {"paths": 2**12, "seed": 5, "controls": (), "estimator": gk.Pathwise()}
    monkeypatch.setattr(devices, "available", unusable(""))
    monkeypatch.setattr(devices, "is_worthwhile", lambda work: True)

    def broken(program: Any, settings: Settings) -> Any:
        with clear_errors():
            return failing() if settings.backend == "cuda" else loaded(program, settings)

    loaded = devices.loaded
    monkeypatch.setattr(simulation, "loaded", broken)
    with pytest.warns(RuntimeWarning, match="done by the processor: backend = 'cuda': the device has too little free"):
        found = gk.sensitivities(MODEL, PAYOFF, ["delta"], backend="auto", **wanted)
    assert found.backend == "cpu"
    assert found["delta"].value == gk.sensitivities(MODEL, PAYOFF, ["delta"], **wanted)["delta"].value
    with pytest.raises(gk.DeviceError, match="too little free memory"):
        gk.sensitivities(MODEL, PAYOFF, ["delta"], backend="cuda", **wanted)
    with pytest.raises(gk.DeviceError, match="too little free memory"):
        gk.sensitivities(MODEL, PAYOFF, ["delta"], backend="auto", precision="float32", **wanted)


def test_the_result_says_where_auto_ran() -> None:
    assert gk.sensitivities(MODEL, gk.Call(100.0, 1.0), paths=100, backend="auto").backend == "cpu"


def test_work_is_paths_by_steps_by_outputs() -> None:
    assert devices.steps(Settings(), MODEL, PAYOFF) == 10
    assert devices.steps(Settings(scheme=gk.Euler(steps=64)), MODEL, gk.Call(100.0, 1.0)) == 64


def test_single_precision_is_refused_where_it_would_leave_no_digits() -> None:
    with pytest.raises(gk.UnsupportedError, match=r"precision = 'float32': paths on the CPU .* backend='cuda'"):
        gk.sensitivities(MODEL, PAYOFF, precision="float32")
    with pytest.raises(gk.UnsupportedError, match="precision = 'half': expected one of 'float64', 'float32'"):
        gk.sensitivities(MODEL, PAYOFF, precision="half")
    single = Settings(backend="cuda", precision="float32")
    with pytest.raises(gk.UnsupportedError, match="multilevel"):
        devices.check_precision(replace(single, scheme=gk.Multilevel(gk.Euler(steps=4))))
    bumped: Any = SimpleNamespace(greek="delta", estimator="finite difference")
    with pytest.raises(gk.UnsupportedError, match="delta by finite differences"):
        devices.check_precision(single, [bumped])


def test_the_list_of_backends_prints() -> None:
    found = gk.backends()
    assert str(found).splitlines()[0].startswith("cpu ") and "core" in str(found)
    assert list(found) == ["cpu", "cuda"] and len(found) == 2
    with pytest.raises(KeyError):
        found["tpu"]


@pytest.mark.parametrize(
    ("cuda_module", "told"),
    [
        (
            SimpleNamespace(is_available=lambda: False, cuda_error=lambda: "libcuda not found"),
            "no NVIDIA driver",
        ),
        (SimpleNamespace(is_available=mock.Mock(side_effect=OSError("version mismatch"))), "driver does not answer"),
        (
            SimpleNamespace(is_available=lambda: True, gpus=[SimpleNamespace(compute_capability=(3, 5))]),
            r"compute capability \(3, 5\): expected at least",
        ),
        (SimpleNamespace(is_available=lambda: True, gpus=[]), "the driver shows no device"),
    ],
)
def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, cuda_module: Any, told: str) -> None:
    import numba

    monkeypatch.setattr(numba, "cuda", cuda_module, raising=False)
    reason = cuda_found.missing()
    assert reason is not None and re.search(told, reason)


def test_without_a_toolkit_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.cuda.cudadrv import nvvm

    monkeypatch.setattr(nvvm, "NVVM", mock.Mock(side_effect=RuntimeError("libNVVM cannot be found")))
    assert "no CUDA toolkit (libNVVM cannot be found); install one with `pip" in (cuda_found.without_toolkit() or "")


def test_calls_in_flight_are_bounded_and_kept_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    flying, most = 0, 0

    class Pending:
        def __init__(self, k: int) -> None:
            nonlocal flying, most
            self.k, flying = k, flying + 1
            most = max(most, flying)

        def result(self) -> int:
            nonlocal flying
            flying -= 1
            return self.k

    monkeypatch.setattr(backends, "module_of", lambda name: SimpleNamespace(submit=Pending))
    calls: Any = [lambda submit, k=k: submit(k) for k in range(50)]
    found: Any = backends.rows_of_each("cuda", calls)
    assert found == list(range(50))
    assert most == backends.IN_FLIGHT and flying == 0
