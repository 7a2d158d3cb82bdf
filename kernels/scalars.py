"""What the library needs below Python's arithmetic, as plain Python: for its doctests and the CUDA simulator.

The CPU and the device have these as single instructions; see `headers`.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]


def fma(a: float, b: float, c: float) -> float:
    """a b + c; rounded twice here, once on the CPU and on a device."""
    return a * b + c


def float_bits(x: float) -> int:
    """The 64 bits of a float as a signed integer."""
    return int(struct.unpack("<q", struct.pack("<d", x))[0])


def bits_float(bits: int) -> float:
    """The float that has these 64 bits."""
    return float(struct.unpack("<d", struct.pack("<Q", int(bits) & 0xFFFFFFFFFFFFFFFF))[0])


def sqrt(x: float) -> float:
    """Square root, NaN below zero as compiled code has it."""
    return math.sqrt(x) if x >= 0.0 else math.nan


def opaque(n: int) -> int:
    """n, hidden from the optimiser: a loop up to it is not unrolled, so compile time does not grow with n."""
    return n


def matrix_of(vector: Array, rows: int, columns: int) -> Array:
    """The numbers of a vector as a matrix."""
    return vector[: rows * columns].reshape((rows, columns))
