"""Buffers of launches in flight: each has a stream, memory on the device and pinned memory on the host, used again.

Freeing memory on a device waits for everything that runs there, so buffers only grow, and go back to their pool.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Slot:
    """What one launch in flight holds on one device; its context must be current."""

    def __init__(self) -> None:
        from numba import cuda

        self.stream: Any = cuda.stream()
        self._device: dict[str, Any] = {}
        self._pinned: dict[str, NDArray[np.float64]] = {}

    def room(self, name: str, shape: Sequence[int], dtype: DTypeLike = np.float64) -> Any:
        """An array on the device, its content undefined."""
        from numba import cuda

        size = prod(shape)
        if size == 0:
            return cuda.device_array(tuple(shape), dtype=dtype)
        held = self._device.get(name)
        if held is None or held.size < size:
            self._device.pop(name, None)
            held = self._device[name] = cuda.device_array(grown(size), dtype=dtype)
        return held[:size].reshape(*shape)

    def sent(self, name: str, array: NDArray[Any]) -> Any:
        """A copy on the device, made in the order of the stream."""
        to = self.room(name, array.shape, array.dtype)
        if array.size:
            to.copy_to_device(array, stream=self.stream)
        return to

    def fetched(self, name: str, array: Any) -> NDArray[np.float64]:
        """A copy in pinned memory, complete after `wait`."""
        from numba import cuda

        size = prod(array.shape)
        held = self._pinned.get(name)
        if held is None or held.size < size:
            held = self._pinned[name] = cuda.pinned_array(grown(size), dtype=np.float64)
        host: NDArray[np.float64] = held[:size].reshape(array.shape)
        if size:
            array.copy_to_host(host, stream=self.stream)
        return host

    def wait(self) -> None:
        """Until all that was asked for is done."""
        self.stream.synchronize()


class Pool:
    """Slots of every device that nobody uses at the moment."""

    def __init__(self) -> None:
        self._free: dict[int, list[Slot]] = {}
        self._lock = threading.Lock()

    def take(self, device: int) -> Slot:
        """A slot of a device whose context is current."""
        with self._lock:
            free = self._free.setdefault(device, [])
            if free:
                return free.pop()
        return Slot()

    def give(self, device: int, slot: Slot) -> None:
        """Back for the next launch; not after an error, since nobody knows what still writes to it."""
        with self._lock:
            self._free.setdefault(device, []).append(slot)

    def clear(self) -> None:
        """Forget all slots, so that their memory is freed."""
        with self._lock:
            self._free.clear()


def grown(size: int) -> int:
    """Capacity of a buffer for so many numbers: a power of two, so that few sizes are ever asked for.

    >>> [grown(n) for n in (1, 255, 256, 257)]
    [256, 256, 256, 512]
    """
    return max(256, 1 << (size - 1).bit_length())
