"""Compile CUDA programs where there is no device: PTX by NVVM alone, to look at, to test, and to try the cache."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from . import cuda_source, modules


def ptx(text: str, capability: tuple[int, int] = (9, 0)) -> str:
    """The program as PTX for a compute capability; needs NVVM (a CUDA toolkit), but no device or driver."""
    source = cuda_source.assemble(text, simulated=False, target=str(capability))
    with supposed_device(capability):
        module = modules.execute(source, modules.hash_of(source), None)
        return ptx_of(module.simulate, capability)


def path_ptx(text: str, capability: tuple[int, int] = (9, 0)) -> str:
    """The program's own part alone, without the reduction that all have: a third of the time to compile."""
    from numba import cuda, types

    source = cuda_source.assemble(text, simulated=False, target=str(capability))
    with supposed_device(capability):
        module = modules.execute(source[: source.rindex("@entry")], modules.hash_of(source), None)
        function = module.path.py_func
        kinds = {
            "theta": types.float64[::1],
            "grid": types.float64[:, ::1],
            "u": types.float64[:],
            "side": types.float64,
        }
        kinds |= {"out": types.float64[::1]}
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        arguments = tuple(kinds.get(name, types.int64) for name in names)
        found: str = cuda.compile_ptx(function, arguments, device=True, cc=capability)[0]
    return found


def ptx_of(kernel: Any, capability: tuple[int, int]) -> str:
    """The PTX of a compiled kernel."""
    (compiled,) = kernel.overloads.values()
    text: str = compiled.inspect_asm(capability)
    return text


@contextmanager
def supposed_device(capability: tuple[int, int]) -> Iterator[None]:
    """Let kernels be compiled, kept and found again as for a device that is not there: up to PTX, never loaded."""
    from numba.cuda import codegen, dispatcher

    supposed: Any = SimpleNamespace(compute_capability=capability, id=0)

    def bind(kernel: Any) -> None:
        kernel._codelibrary.get_asm_str(capability)

    with ExitStack() as patched:
        patch = patched.enter_context
        patch(mock.patch.object(dispatcher, "get_current_device", lambda: supposed))
        patch(mock.patch.object(dispatcher._Kernel, "bind", bind))
        patch(mock.patch.object(codegen.CUDACodeLibrary, "_ensure_cc", lambda library, cc: cc or capability))
        patch(mock.patch.object(codegen.JITCUDACodegen, "magic_tuple", lambda codegen: ("supposed", capability)))
        yield
