"""How pieces of machine code that are compiled apart find each other: by signature, address and symbol.

A program's `block` is called by its address, so `simulate` is compiled once for all programs; the rows of
normals are called by a symbol, so a program contains its own statements only.
"""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .intrinsics import contiguous

INTEGER, VECTOR, MATRIX, CUBE = types.int64, types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
RANGE = types.int64[::1]
MOMENTS = (VECTOR, MATRIX, CUBE, CUBE)
BLOCK = types.void(VECTOR, MATRIX, INTEGER, INTEGER, INTEGER, VECTOR, VECTOR)
SIMULATE = types.void(
    *[INTEGER] * 3, VECTOR, MATRIX, INTEGER, INTEGER, RANGE, RANGE, MATRIX, VECTOR, VECTOR, *MOMENTS, CUBE
)
TASKS = types.int64[:, ::1]
SWEEP = types.void(
    TASKS, VECTOR, MATRIX, VECTOR, *[INTEGER] * 4, VECTOR, VECTOR, VECTOR, VECTOR, VECTOR, MATRIX, MATRIX
)
RESIDUALS = types.void(MATRIX, TASKS, VECTOR, RANGE, INTEGER, VECTOR, MATRIX, RANGE, VECTOR, VECTOR)
DRAW = types.void(VECTOR, *[INTEGER] * 5)
COPY = types.void(VECTOR, INTEGER, INTEGER)
FETCH = types.void(VECTOR, INTEGER, VECTOR, INTEGER)
FOLD = types.void(VECTOR, INTEGER)
FILL = types.void(VECTOR, VECTOR, *[INTEGER] * 4)
INVERT = types.int64(VECTOR, INTEGER)
ACCUMULATE = types.void(VECTOR, INTEGER, INTEGER, INTEGER, INTEGER, VECTOR, VECTOR, MATRIX, MATRIX)
PREPARE = types.void(VECTOR, MATRIX, MATRIX, MATRIX, VECTOR)


def reader(kind: Any) -> Any:
    """An intrinsic that reads an argument of this kind, `k` words of 64 bits after an address: see `linking.Entry`."""
    ndim = getattr(kind, "ndim", 0)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(64)
        first = builder.gep(builder.inttoptr(args[0], word.as_pointer()), [args[1]])
        words = [builder.load(builder.gep(first, [ir.Constant(word, i)])) for i in range(1 + ndim)]
        if ndim == 0:
            return words[0]
        data = builder.inttoptr(words[0], context.get_data_type(kind.dtype).as_pointer())
        return contiguous(context, builder, kind, data, words[1:])

    @intrinsic
    def read(typing: Any, at: Any, k: Any) -> Any:
        return kind(INTEGER, INTEGER), emit

    return read


def emit_call(context: Any, builder: Any, callee: Any, signature: Any, args: Any) -> Any:
    """Call Numba-compiled code that cannot raise."""
    _, value = context.call_conv.call_function(builder, callee, signature.return_type, signature.args, args)
    return value


@intrinsic
def invoke(typing: Any, block: Any, theta: Any, grid: Any, seed: Any, stream: Any, path0: Any, w: Any, u: Any) -> Any:
    """Call the block whose machine code is at the address `block`."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = context.call_conv.get_function_type(types.void, BLOCK.args).as_pointer()
        return emit_call(context, builder, builder.inttoptr(args[0], pointer), BLOCK, args[1:])

    return types.void(INTEGER, *BLOCK.args), emit


def external(symbol: str, wanted: Any) -> Any:
    """An intrinsic that calls the code which has this symbol."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.call_conv.get_function_type(wanted.return_type, wanted.args)
        function = cgutils.get_or_insert_function(builder.module, kind, symbol)
        return emit_call(context, builder, function, wanted, args)

    def call(typing: Any, *args: Any) -> Any:
        return wanted, emit

    named = ["typing", *(f"a{i}" for i in range(len(wanted.args)))]
    call.__signature__ = Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in named])  # type: ignore[attr-defined]
    return intrinsic(call)
