"""Machine code without its compiler: object files linked into this process, and called by address.

Numba compiles a function to an object file once a machine; LLVM's linker alone is enough to run it. Importing Numba
takes longer than pricing most books, so a process that finds all its programs on disk never does.

Compiled functions are called as Numba calls them: a place for the result, one for what was raised, the arguments; what
comes back is 0 unless something was raised, which compiled code of this project never does.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, final

import numpy as np
import numpy.typing as npt

Function = Callable[..., Any]
NUMBERS: dict[str, Any] = {"float64": ctypes.c_double, "int64": ctypes.c_int64}
RELEASE = "NRT_MemInfo_call_dtor"  # Numba's, named by its code for arrays and never called: ours own no memory
_linked: dict[str, tuple[bytes, int]] = {}  # symbol -> object file and address: machine code is kept for ever
_engines: list[Any] = []
_lock = threading.RLock()


def link(code: bytes, symbol: str) -> int:
    """The address of a function of an object file, whose open symbols have been published."""
    with _lock:
        known, address = _linked.get(symbol, (b"", 0))
        if known != code:
            address = _link(engine() if not known else new_engine(), code, symbol)
            _linked[symbol] = code, address
        return address


def _link(into: Any, code: bytes, symbol: str) -> int:
    from llvmlite import binding

    into.add_object_file(binding.ObjectFileRef.from_data(code))
    into.finalize_object()
    return int(into.get_function_address(symbol))


def publish(symbol: str, address: int) -> None:
    """From now on, object files may refer to what is at the address by this symbol."""
    from llvmlite import binding

    with _lock:
        binding.add_symbol(symbol, address)


@cache
def engine() -> Any:
    """What object files are linked into, but for other code under a symbol that is there already."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    if binding.address_of_symbol(RELEASE) is None:
        binding.add_symbol(RELEASE, ctypes.cast(ctypes.pythonapi.Py_FatalError, ctypes.c_void_p).value)
    return new_engine()


def new_engine() -> Any:
    """An engine that lives as long as the process."""
    from llvmlite import binding

    machine = binding.Target.from_default_triple().create_target_machine(jit=True)
    _engines.append(binding.create_mcjit_compiler(binding.parse_assembly(""), machine))
    return _engines[-1]


@final
class Entry:
    """A compiled function of arrays and integers, without result, that Python calls; others run meanwhile.

    address: of code that takes the address of its arguments in memory, 64 bits each, an array as its own address and
    its shape; kinds: of the arguments, "i0" for an integer, "f2" for a matrix of floats, "i1" for a vector of integers.
    """

    PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)

    def __init__(self, address: int, kinds: str) -> None:
        self.address, self.kinds = address, kinds.split()
        self._call = self.PROTOTYPE(address)
        self._nothing = ctypes.create_string_buffer(16)

    def __call__(self, *arguments: Any) -> None:
        """Call it; TypeError for an argument that is not of its kind, or no contiguous array."""
        self._run(np.array(list(self._words(arguments)), dtype=np.int64))

    def along(self, matrix: npt.NDArray[np.float64], *arguments: Any) -> None:
        """Call it for every row of a matrix, which stands wherever an argument is None."""
        if not len(matrix):
            return
        packed = np.array(list(self._words([matrix[0] if a is None else a for a in arguments])), dtype=np.int64)
        begins = np.cumsum([0, *(1 + int(kind[1]) for kind in self.kinds)])  # of every argument
        moving = begins[:-1][[a is None for a in arguments]]
        for _ in range(len(matrix)):
            self._run(packed)
            packed[moving] += matrix.strides[0]

    def _words(self, arguments: Sequence[Any]) -> Iterator[int]:
        for kind, argument in zip(self.kinds, arguments, strict=True):
            if kind == "i0":
                yield argument
            else:
                if f"{argument.dtype.kind}{argument.ndim}" != kind or not argument.flags.c_contiguous:
                    raise TypeError(
                        f"expected a contiguous array of kind {kind}, got {argument.dtype} {argument.shape}"
                    )
                yield argument.ctypes.data
                yield from argument.shape

    def _run(self, packed: npt.NDArray[np.int64]) -> None:
        if self._call(ctypes.addressof(self._nothing), ctypes.addressof(self._nothing), packed.ctypes.data):
            raise RuntimeError("compiled code raised an error, which it never should")


def scalar(address: int, kinds: str) -> Callable[..., float]:
    """A compiled function of numbers with a float as its result, which is short: kinds are names of their types."""
    types = [NUMBERS[kind] for kind in kinds.split()]
    pointer = ctypes.POINTER(ctypes.c_double)
    call = ctypes.PYFUNCTYPE(ctypes.c_int32, pointer, ctypes.c_void_p, *types)(address)

    def function(*arguments: float) -> float:
        found = ctypes.c_double()
        call(found, None, *arguments)
        return found.value

    return function
