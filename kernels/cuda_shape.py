"""How large a launch is: as many CUDA blocks as the multiprocessors hold at once, in memory that is free.

Nothing here changes a number: which block plays which chunk does not show in the bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greeks.errors import DeviceError

THREADS = 128  # a block's, by default: a tile of samples is two rounds of them
SHARE, MOST = 0.5, 2**31  # of the free memory, and bytes, that a launch may take
STEPS = 2**32  # of all paths in a launch, about: some tenths of a second of a large device, which nothing interrupts


@dataclass(frozen=True)
class Room:
    """What a launch has to fit into: blocks of its kernel that run side by side on the device, bytes that are free."""

    resident: int
    free: int

    @classmethod
    def on_current_device(cls, kernel: Any, threads: int = THREADS) -> Room:
        """As the driver says: it knows the registers and the shared memory of the kernel, and what it keeps back.

        One block too many would wait until another has played all of its chunks. None at all is an error of the launch.
        """
        from numba import cuda

        (compiled,) = kernel.overloads.values()
        resident = int(compiled.max_cooperative_grid_blocks(threads))
        return cls(max(1, resident), cuda.current_context().get_memory_info()[0])


@dataclass(frozen=True)
class Launch:
    """A launch: CUDA blocks, threads of each, and chunks that it may simulate at most."""

    blocks: int
    threads: int
    chunks: int

    @classmethod
    def fitted(cls, room: Room, work: int, row: int, chunks: int, steps: int, threads: int = THREADS) -> Launch:
        """For so many chunks, each of `steps` steps and `row` bytes of results, by blocks that work with `work` bytes.

        There are no more blocks than chunks, or than memory is for; as long as there are more chunks than a launch
        takes, all blocks have as many. Raises DeviceError where not even one block and one chunk fit.

        >>> Launch.fitted(Room(resident=396, free=2**36), 5000, 500, 10_000, steps=2**20)
        Launch(blocks=396, threads=128, chunks=3960)
        """
        budget = min(int(room.free * SHARE), MOST)
        blocks = min(room.resident, chunks, max(1, (budget // 2) // max(work, 1)))
        most = (budget - blocks * work) // row
        if most < 1:
            raise DeviceError(
                f"the device has {room.free / 2**20:,.1f} MiB free, of which a run may take {budget / 2**20:,.1f}: "
                f"expected at least {(work + row) / 2**20:,.1f} MiB for a chunk of paths. Remedy: free memory on the "
                "device, ask for fewer Greeks at a time, or use backend='cpu'"
            )
        rounds = max(1, STEPS // (steps * blocks))
        return cls(blocks, threads, min(chunks, most, rounds * blocks))
