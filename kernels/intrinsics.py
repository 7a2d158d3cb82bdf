"""What a CPU program is built from: decorators, and single instructions that Numba does not offer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from .pipeline import ShortCompiler

Function = Callable[..., Any]
OPTIONS = {"nogil": True, "error_model": "numpy", "pipeline_class": ShortCompiler}
PRIVATE = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def helper(function: Function) -> Function:
    """A scalar function of the library, always inlined so that the loop around it vectorises."""
    return njit(forceinline=True, **PRIVATE, **OPTIONS)(function)  # type: ignore[no-any-return]


def kernel(function: Function) -> Function:
    """A function over lanes, called once a block."""
    return njit(**PRIVATE, **OPTIONS)(function)  # type: ignore[no-any-return]


def reducer(function: Function) -> Function:
    """A kernel whose sums may be reassociated and contracted; NaN and infinity keep their meaning."""
    return njit(fastmath={"reassoc", "contract"}, **PRIVATE, **OPTIONS)(function)  # type: ignore[no-any-return]


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a b + c, rounded once."""
    signature = types.float64(types.float64, types.float64, types.float64)
    return signature, lambda context, builder, signature, args: builder.fma(*args)


@intrinsic
def float_bits(typing: Any, x: Any) -> Any:
    """The 64 bits of a float as a signed integer."""
    signature = types.int64(types.float64)
    return signature, lambda context, builder, signature, args: builder.bitcast(args[0], ir.IntType(64))


@intrinsic
def bits_float(typing: Any, bits: Any) -> Any:
    """The float that has these 64 bits."""
    signature = types.float64(types.int64)
    return signature, lambda context, builder, signature, args: builder.bitcast(args[0], ir.DoubleType())


@intrinsic
def opaque(typing: Any, n: Any) -> Any:
    """n, behind an empty piece of assembly that the optimiser cannot look through."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        integer = ir.IntType(64)
        return builder.asm(ir.FunctionType(integer, [integer]), "", "=r,0", args, side_effect=False)

    return types.int64(types.int64), emit


@intrinsic
def matrix_of(typing: Any, vector: Any, rows: Any, columns: Any) -> Any:
    """The numbers of a vector as a matrix; the caller knows that there are enough of them."""
    kind = types.float64[:, ::1]

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        of = context.make_array(vector)(context, builder, args[0])
        return contiguous(context, builder, kind, of.data, list(args[1:]))

    return kind(vector, types.int64, types.int64), emit


@intrinsic
def zeros(typing: Any, n: Any) -> Any:
    """A vector of n zeros, of no use after the function has returned: it is on its stack."""
    kind = types.float64[::1]

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = builder.alloca(ir.DoubleType(), size=args[0])
        cgutils.memset(builder, data, builder.mul(args[0], ir.Constant(ir.IntType(64), 8)), 0)
        return contiguous(context, builder, kind, data, [args[0]])

    return kind(types.int64), emit


def contiguous(context: Any, builder: Any, kind: Any, data: Any, shape: Any) -> Any:
    """The array of a kind over data that nobody counts references to."""
    made = context.make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides = [size]
    for extent in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], extent))
    arrayobj.populate_array(made, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return made._getvalue()


@intrinsic
def wide_vectors(typing: Any) -> Any:
    """Ask for 512-bit vectors in the calling function: by default LLVM halves them on several CPUs.

    llvmlite refuses attributes it does not list, hence the plain `set.add`; CPUs without AVX-512 ignore it.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        with suppress(AttributeError, TypeError):
            set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), emit
