"""Markdown tables between markers of benchmarks/README.md, each with its machine, versions and date."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from datetime import date
from importlib import metadata
from pathlib import Path

README = Path(__file__).with_name("README.md")
LIBRARIES = ("numpy", "numba", "QuantLib", "jax", "torch")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def processor() -> str:
    """The processor's name and its widest vectors."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    text = cpuinfo.read_text()
    name = re.search(r"model name\s*: (.*)", text)
    return f"{name[1] if name else platform.machine()}, {vectors()}"


def vectors() -> str:
    """AVX-512 or AVX2, as the bars of bars.py are told apart."""
    cpuinfo = Path("/proc/cpuinfo")
    return "AVX-512" if cpuinfo.exists() and "avx512f" in cpuinfo.read_text() else "AVX2"


def versions(libraries: Sequence[str] = LIBRARIES) -> str:
    """Those of Python and of the libraries that are installed."""
    found = []
    for library in libraries:
        try:
            found.append(f"{library} {metadata.version(library)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join([f"Python {platform.python_version()}", *found])


def write(section: str, body: str, path: Path = README) -> None:
    """Replace what stands between `<!-- section -->` and `<!-- /section -->`."""
    before, after = f"<!-- {section} -->", f"<!-- /{section} -->"
    text = path.read_text()
    if before not in text or after not in text:
        raise ValueError(f"{path.name} has no markers {before} ... {after}; add them where the table is to stand")
    stamp = f"{date.today():%Y-%m-%d}; {processor()}; one core; {versions()}."
    head, tail = text[: text.index(before) + len(before)], text[text.index(after) :]
    path.write_text(f"{head}\n{body}\n\n{stamp}\n{tail}")
