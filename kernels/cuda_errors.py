"""Errors of a device as errors of this library: what happened, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from greeks.errors import DeviceError, GreeksError, UnsupportedError

# Part of what the driver says, in lower case -> what it means and what helps.
MEANINGS = (
    (
        ("cumemhostalloc",),
        "the host has too little memory that can be locked for copies. Remedy: free memory on it, allow more "
        "(`ulimit -l`), or use backend='cpu'",
    ),
    (
        ("out_of_memory", "out of memory"),
        "the device has too little free memory. Remedy: free memory on it, ask for fewer Greeks at a time, "
        "or use backend='cpu'",
    ),
    (
        ("launch_out_of_resources", "too many resources"),
        "the program needs more registers than the device has for a block. Remedy: ask for fewer Greeks at a time, "
        "or use backend='cpu'",
    ),
    (
        ("launch_timeout", "launch timed out"),
        "the device's watchdog ended the launch, as on devices that drive a display. Remedy: take fewer paths at a "
        "time (time_limit= splits a run), or use a device without a display",
    ),
    (
        ("unsupported_ptx", "no_binary_for_gpu", "invalid_image", "invalid_ptx", "insufficient", "unsupported option"),
        "the driver is too old for the compiler, or the compiler for the device. Remedy: update the driver, or install "
        "the compiler that goes with it (`pip install pathgreeks[cuda12]` or [cuda13])",
    ),
    (
        ("device_lost", "device_unavailable", "no_device", "ecc_uncorrectable", "hardware_stack", "system_not_ready"),
        "the device is lost. Remedy: look at it with `nvidia-smi`, start a new process, or use backend='cpu'",
    ),
    (
        ("illegal_address", "misaligned", "launch_failed", "illegal_instruction", "assert", "context_is_destroyed"),
        "the launch failed, and with it this process's hold on the device. Remedy: start a new process, and use "
        "backend='cpu' if it happens again; please report the program that `greeks.explain(...).source` shows",
    ),
)
OTHER = "the device refused. Remedy: look at it with `nvidia-smi`, or use backend='cpu'"
# Of the driver, its compilers and linkers, as numba.cuda, numba-cuda, cuda.core and cuda.bindings have them.
NAMES = {
    "CCSupportError",
    "CUDAError",
    "CudaAPIError",
    "CudaDriverError",
    "CudaRuntimeError",
    "CudaSupportError",
    "LinkerError",
    "NVRTCError",
    "NvJitLinkError",
    "NvrtcError",
    "NvvmError",
    "NvvmSupportError",
    "nvJitLinkError",
    "nvvmError",
}


def is_of_the_device(error: BaseException) -> bool:
    """Whether an error came from the driver, its compiler or its linker, whichever package talked to them."""
    return any(kind.__name__ in NAMES for kind in type(error).__mro__)


def meaning(error: BaseException) -> str:
    """What an error of the device comes to.

    >>> meaning(RuntimeError("Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY"))[:41]
    'the device has too little free memory. Re'
    """
    said = str(error).lower()
    return next((text for words, text in MEANINGS if any(word in said for word in words)), OTHER)


@contextmanager
def clear_errors(after: Callable[[], None] | None = None) -> Iterator[None]:
    """Raise errors of the device as DeviceError with a remedy, and do `after`; others pass."""
    try:
        yield
    except GreeksError:
        raise
    except Exception as error:
        if not is_of_the_device(error):
            raise
        if after is not None:
            after()
        raise DeviceError(f"backend = 'cuda': {meaning(error)} ({' '.join(str(error).split())})") from error


def refused(reason: str) -> UnsupportedError:
    """That CUDA cannot run here."""
    return UnsupportedError(f"backend = 'cuda': {reason} Use backend='cpu', or 'auto', which takes what there is.")
