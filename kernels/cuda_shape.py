"""How large a launch is: as many CUDA blocks as the multiprocessors hold at once, in memory that is free.

Nothing here changes a number: which block plays which chunk does not show in the bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greeks.errors import EstimationError

WARP, BLOCKS = 32, 16  # threads that go together; blocks that a multiprocessor of any device holds
GRANULE = 8  # registers a thread is given are a multiple of it
THREADS = 128  # a block's, by default: a tile of samples is two rounds of them
SHARE, MOST = 0.5, 2**31  # of the free memory, and bytes, that a launch may take


@dataclass(frozen=True)
class Device:
    """What a launch has to fit into: a device's multiprocessors, what each of them has, and bytes that are free."""

    multiprocessors: int
    registers: int
    threads: int
    shared: int
    free: int

    @classmethod
    def current(cls) -> Device:
        """That of the current context."""
        from numba import cuda

        context = cuda.current_context()
        of: Any = context.device
        return cls(
            of.MULTIPROCESSOR_COUNT,
            of.MAX_REGISTERS_PER_MULTIPROCESSOR,
            of.MAX_THREADS_PER_MULTI_PROCESSOR,
            of.MAX_SHARED_MEMORY_PER_MULTIPROCESSOR,
            context.get_memory_info()[0],
        )


@dataclass(frozen=True)
class Needs:
    """What one block of a kernel takes: registers a thread, bytes of shared memory, bytes of work in global memory."""

    registers: int
    shared: int
    work: int


def resident(device: Device, needs: Needs, threads: int = THREADS) -> int:
    """Blocks that run side by side on the whole device: the scarcest of threads, registers and shared memory decides.

    >>> h100 = Device(132, 65536, 2048, 233472, 2**36)
    >>> resident(h100, Needs(80, 0, 0)) // 132, resident(h100, Needs(255, 32768, 0)) // 132
    (6, 2)
    """
    warps = -(-threads // WARP)
    of_registers = device.registers // (-(-max(needs.registers, 1) // GRANULE) * GRANULE * warps * WARP)
    of_shared = device.shared // needs.shared if needs.shared else BLOCKS
    each = min(BLOCKS, device.threads // (warps * WARP), of_registers, of_shared)
    return max(1, each) * device.multiprocessors


@dataclass(frozen=True)
class Launch:
    """A launch: CUDA blocks, threads of each, and chunks that it may simulate at most."""

    blocks: int
    threads: int
    chunks: int

    @classmethod
    def fitted(cls, device: Device, needs: Needs, row: int, chunks: int, threads: int = THREADS) -> Launch:
        """For so many chunks, each of which leaves `row` bytes: no more blocks than chunks, or than memory is for.

        Raises EstimationError where not even one block and one chunk fit.
        """
        budget = min(int(device.free * SHARE), MOST)
        blocks = min(resident(device, needs, threads), chunks, max(1, (budget // 2) // max(needs.work, 1)))
        most = (budget - blocks * needs.work) // row
        if most < 1:
            raise EstimationError(
                f"the device has {device.free / 2**20:,.1f} MiB free, of which a run may take {budget / 2**20:,.1f}: "
                f"expected at least {(needs.work + row) / 2**20:,.1f} MiB for a chunk of paths. Remedy: free memory on "
                "the device, ask for fewer Greeks at a time, or use backend='cpu'"
            )
        return cls(blocks, threads, min(chunks, most))
