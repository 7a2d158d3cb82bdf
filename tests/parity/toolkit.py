"""The compiler for CUDA devices that this machine has, if any: it needs no device."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def toolkit(folder: Path) -> Path | None:
    """A folder laid out as Numba expects CUDA_HOME, over any NVVM on this machine; None if there is none."""
    roots = [Path(os.environ.get("CUDA_HOME", "/usr/local/cuda")), *Path("/usr/local").glob("cuda*")]
    roots += [Path(entry) / "nvidia" for entry in sys.path]
    compilers = [path for root in roots for path in root.rglob("libnvvm.so*")]
    libraries = [path for root in roots for path in root.rglob("libdevice.10.bc")]
    if not compilers or not libraries:
        return None
    (folder / "nvvm/lib64").mkdir(parents=True)
    (folder / "nvvm/libdevice").mkdir()
    (folder / "nvvm/lib64/libnvvm.so").symlink_to(compilers[0].resolve())
    (folder / "nvvm/libdevice/libdevice.10.bc").symlink_to(libraries[0].resolve())
    return folder
