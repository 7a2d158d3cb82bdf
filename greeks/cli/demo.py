"""`greeks demo`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from greeks.cli.failing import exit_codes
from greeks.cli.options import Paths, Seed


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the table and the picture.")] = Path("demo-output"),
    paths: Paths = 2**16,
    seed: Seed = 42,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many share the work; one a core, eight at most, if left out.")
    ] = None,
) -> None:
    """Price a book on the DAX surface of 5 July 2002 and show its risk."""
    with exit_codes():
        from greeks.demo.main import run_demo

        run_demo(out, paths, seed, progress=sys.stderr.isatty(), processes=processes)
