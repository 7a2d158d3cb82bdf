"""What the kernel of a CUDA program takes: its signature, so that it is compiled before it is launched."""

from __future__ import annotations

from numba import types

INTEGER, INTEGERS = types.int64, types.int64[::1]
VECTOR, MATRIX, CUBE = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
# theta, grid, seed, stream, starts, counts, mixing, u, work, means, comoments, higher, batches
ARGUMENTS = (
    VECTOR, MATRIX, INTEGER, INTEGER, INTEGERS, INTEGERS, MATRIX, MATRIX, MATRIX, MATRIX, CUBE, CUBE, CUBE,
)  # fmt: skip
SIMULATE = types.void(*ARGUMENTS)
