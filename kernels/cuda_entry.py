"""What the kernel of a CUDA program takes: its arguments, so that it is compiled before it is launched; registers."""

from __future__ import annotations

from numba import types

INTEGER, INTEGERS = types.int64, types.int64[::1]
MATRIX, CUBE = types.float64[:, ::1], types.float64[:, :, ::1]
# theta, grid, seed, streams, owners, starts, counts, mixing, u, work, means, comoments, higher, batches
ARGUMENTS = (
    MATRIX, CUBE, INTEGER, INTEGERS, INTEGERS, INTEGERS, INTEGERS, CUBE, MATRIX, MATRIX, MATRIX, CUBE, CUBE, CUBE,
)  # fmt: skip
SIMULATE = types.void(*ARGUMENTS)
# Three blocks of 128 threads share the 65,536 registers of a multiprocessor. Left alone the compiler takes 190 to 220
# for tangents along a path, and only two blocks would run at a time; held to 168 these spill 20 to 110 bytes.
REGISTERS = 168
