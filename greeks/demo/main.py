"""`greeks demo`: price the book, report its risk, draw its spot ladder."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from greeks.demo.book import demo_book, demo_market
from greeks.demo.surface import load

if TYPE_CHECKING:
    from rich.console import Console

LADDER_SHARE = 8  # the eleven rungs of the ladder take this part of the paths each


def run_demo(
    out: Path = Path("demo-output"),
    paths: int = 2**16,
    seed: int = 42,
    console: Console | None = None,
    progress: bool = True,
) -> list[Path]:
    """Price the demo's book and report it.

    Parameters
    ----------
    out : Path
        Folder for `risk.csv`, `risk.parquet`, `book.csv`, `market.json`, `ladder.csv`, `ladder.png`; made if
        missing.
    paths : int
        Paths for each trade.
    seed : int
        The same seed gives the same numbers.
    console : rich.console.Console, optional
        Where to print; by default the terminal.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    list of Path
        The files written.
    """
    from rich.console import Console

    from greeks.demo.ladder import draw, spot_ladder
    from greeks.demo.report import print_report, write_files
    from greeks.demo.risk import book_risk

    console = console or Console()
    surface = load()
    book = demo_book(surface)
    console.print(f"[bold]{len(book)} trades on the DAX, 5 July 2002, spot {surface.spot:,.2f}[/bold]\n")
    market = demo_market(book, surface)
    start = perf_counter()
    risk = book_risk(book, market, paths, seed, progress)
    print_report(risk, paths, perf_counter() - start, console)
    files = write_files(risk, book, market, out)
    few = max(2, paths // LADDER_SHARE)
    start = perf_counter()
    ladder = spot_ladder(surface.spot, lambda spot: book_risk(book, demo_market(book, surface, spot), few, seed))
    files += [out / "ladder.csv", out / "ladder.png"]
    ladder.to_csv(files[-2], index=False)
    draw(ladder, surface.spot, files[-1])
    rungs = ladder["spot"].nunique()
    console.print(f"Spot ladder: {rungs} spots, {few:,} paths a trade, in {perf_counter() - start:.1f} s.")
    for file in files:
        console.print(f"wrote {file}")
    return files


if __name__ == "__main__":
    run_demo()
