"""What a device could do at best: instructions and bytes a second, from its own attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Compute capability -> instructions a clock of one multiprocessor, in double and in single precision (CUDA C++
# programming guide, table "Throughput of native arithmetic instructions"); others have 2 and 128.
PER_CLOCK = {(6, 0): (32, 64), (7, 0): (32, 64), (8, 0): (32, 64), (9, 0): (64, 128), (10, 0): (64, 128)}
USUAL = (2, 128)


@dataclass(frozen=True)
class Peak:
    """A device's name, and its best: instructions a second in either precision, bytes a second of its memory."""

    name: str
    double: float
    single: float
    memory: float

    @classmethod
    def of(cls, device: Any) -> Peak:
        """From the attributes of Numba's device."""
        double, single = PER_CLOCK.get(tuple(device.compute_capability), USUAL)
        clocks = device.MULTIPROCESSOR_COUNT * device.CLOCK_RATE * 1e3
        memory = 2.0 * device.MEMORY_CLOCK_RATE * 1e3 * device.GLOBAL_MEMORY_BUS_WIDTH / 8
        name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
        return cls(name, clocks * double, clocks * single, memory)
