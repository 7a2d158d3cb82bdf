"""Why CUDA cannot be used here, in the words of whoever has to mend it."""

from __future__ import annotations

from typing import Any

OLDEST = (5, 0)  # compute capability: none below has had a compiler since CUDA 13, or double atomics before 6.0
INSTALL = "`pip install pathgreeks[cuda13]` (or [cuda12] for an older driver)"


def missing() -> str | None:
    """What is missing to run CUDA programs; None if nothing is.

    The order is that of mending: package, driver, device, toolkit.
    """
    try:
        from numba import cuda
        from numba.core import config
    except Exception as error:  # a numba-cuda that this Numba is too new for fails in its own ways
        return f"Numba has no CUDA target here ({' '.join(str(error).split())}); install one with {INSTALL}."
    if config.ENABLE_CUDASIM:
        return None
    try:
        usable = bool(cuda.is_available())
    except Exception as error:
        return f"the CUDA driver does not answer ({' '.join(str(error).split())})."
    if not usable:
        return without_driver(cuda)
    if not len(cuda.gpus):
        return "the driver shows no device (does CUDA_VISIBLE_DEVICES hide them all?)."
    return too_old(cuda) or without_toolkit()


def without_driver(cuda: Any) -> str:
    """Why no device answers."""
    said = getattr(cuda, "cuda_error", lambda: None)()
    reason = " ".join(str(said or "no NVIDIA device found").split()).rstrip(".:")
    return f"no NVIDIA driver or device ({reason})."


def too_old(cuda: Any) -> str | None:
    """Whether a device is too old for the compiler that there is."""
    least = oldest()
    old = [d for d in cuda.gpus if tuple(d.compute_capability) < least]
    if not old:
        return None
    older = "" if least == OLDEST else "; `pip install pathgreeks[cuda12]` brings a compiler for older ones"
    return f"compute capability {tuple(old[0].compute_capability)}: expected at least {least}{older}."


def oldest() -> tuple[int, ...]:
    """The least compute capability that the compiler is for, as far as it says."""
    try:
        from numba.cuda.cudadrv import nvrtc

        return max(OLDEST, tuple(nvrtc.get_lowest_supported_cc()))
    except Exception:  # Numba's own target does not say, nor does one without a compiler, which is told of next
        return OLDEST


def without_toolkit() -> str | None:
    """Whether there is no compiler for devices: NVVM and its library of functions."""
    from numba.cuda.cudadrv import nvvm

    try:
        nvvm.NVVM()
        nvvm.LibDevice()
    except Exception as error:
        return f"no CUDA toolkit ({' '.join(str(error).split())}); install one with {INSTALL}."
    return None
