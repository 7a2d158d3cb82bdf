"""`greeks demo`: price the book, report its risk, draw what it loses or gains when the market moves."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from greeks.demo.book import demo_book, demo_market
from greeks.demo.surface import load
from greeks.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

SHARE = 8  # the 36 shifted markets take this part of the paths each


def run_demo(
    out: Path = Path("demo-output"),
    paths: int = 2**16,
    seed: int = 42,
    console: Console | None = None,
    progress: bool = True,
    processes: int | None = None,
) -> list[Path]:
    """Price the demo's book and report it.

    Parameters
    ----------
    out : Path
        Folder for `risk.csv`, `risk.parquet`, `book.csv`, `market.json`, `ladder.csv`, `ladder.png`, `grid.csv`,
        `grid.png`; made if missing.
    paths : int
        Paths for each trade.
    seed : int
        The same seed gives the same numbers.
    console : rich.console.Console, optional
        Where to print; by default the terminal.
    progress : bool
        Whether to show progress bars.
    processes : int, optional
        How many share the work; one a core, eight at most, by default. Numbers do not depend on it.

    Returns
    -------
    list of Path
        The files written.
    """
    from rich.console import Console

    from greeks.demo import ladder
    from greeks.demo.report import print_report, write_files
    from greeks.demo.risk import parts_of
    from greeks.demo.workers import workers

    _make(out)
    console = console or Console()
    surface = load()
    book = demo_book(surface)
    market = demo_market(book, surface)
    parts = parts_of(book, market)
    console.print(f"[bold]{len(book)} trades on the DAX, 5 July 2002, spot {surface.spot:,.2f}[/bold]\n")
    with workers(processes) as pool:
        how: dict[str, Any] = {"seed": seed, "progress": progress, "executor": pool}
        start = perf_counter()
        risk = [part.priced(paths=paths, **how) for part in parts]
        print_report(parts, risk, console)
        console.print(f"{len(book)} trades, {paths:,} paths each, {_took(start)}.")
        files = write_files(risk, book, market, out)
        few, start = max(2, paths // SHARE), perf_counter()
        along = ladder.spot_ladder(parts, paths=few, **how)
        across = ladder.volatility_grid(parts, paths=few, **how)
    console.print(f"{_markets(along, across)} shifted markets, {few:,} paths a trade, {_took(start)}.\n")
    files += _pictures(along, across, out)
    for file in files:
        console.print(f"wrote {file}")
    return files


def _make(out: Path) -> None:
    """The folder, now rather than after the work."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SchemaError(f"out: folder {out} cannot be made: {error.strerror or error}; check the path") from None


def _markets(*tables: pd.DataFrame) -> int:
    return sum(table["scenario"].nunique() for table in tables)


def _pictures(along: pd.DataFrame, across: pd.DataFrame, out: Path) -> list[Path]:
    from greeks.demo import ladder

    files = [out / name for name in ("ladder.csv", "ladder.png", "grid.csv", "grid.png")]
    along.to_csv(files[0], index=False)
    ladder.draw_ladder(along, files[1])
    across.to_csv(files[2], index=False)
    ladder.draw_grid(across, files[3])
    return files


def _took(start: float) -> str:
    return f"in {perf_counter() - start:.1f} s with what had to be compiled"


if __name__ == "__main__":
    run_demo()
