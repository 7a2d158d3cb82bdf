"""A book of 1,000 trades on 20 underlyings, price, delta and vega: ours against NumPy by hand, trade by trade.

    python -m benchmarks.book            # measures and rewrites the table in README.md
    python -m benchmarks.book --dry      # prints it only

At equal errors: ours takes the fewest paths, a power of two, at which the root mean square over the trades of the
standard errors of price/spot, delta and vega/spot is no more than NumPy's at 16,384 paths a trade, each of the three.
QuantLib, where it is installed, does a few trades of each kind, and its time is scaled up.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from functools import partial
from statistics import median
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from benchmarks import report
from benchmarks.contender import environment, one_core

KINDS = {"Call": 0.3, "Put": 0.2, "DigitalCall": 0.2, "AsianCall": 0.15, "BarrierOption": 0.15}
UNDERLYINGS, RATE = 20, 0.05
DAYS = (63, 126, 252, 504)
PATHS = 2**14
SAMPLE = 2
"""Trades of each kind that QuantLib does."""
LARGE = 3
"""Processes that price 10,000 trades."""


def market(seed: int = 7) -> dict[str, Any]:
    """20 underlyings: spots 50 to 200, volatilities 15 to 40 %, dividends 0 to 3 %."""
    import numpy as np

    import greeks as gk

    rng = np.random.default_rng(seed)
    return {
        f"U{i:02d}": gk.BlackScholes(
            spot=float(rng.uniform(50.0, 200.0)),
            rate=RATE,
            volatility=float(rng.uniform(0.15, 0.4)),
            dividend=float(rng.uniform(0.0, 0.03)),
        )
        for i in range(UNDERLYINGS)
    }


def trades(size: int, models: dict[str, Any], seed: int = 7) -> Any:
    """The book: strikes 85 to 115 % of the spot, a quarter of a year to two, weekly dates, barriers below."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for payoff in (kind for kind, share in KINDS.items() for _ in range(round(share * size))):
        underlying, days = f"U{rng.integers(UNDERLYINGS):02d}", int(rng.choice(DAYS))
        spot = models[underlying].spot
        strike = float(spot * rng.uniform(0.85, 1.15))
        row = {"id": f"T{len(rows)}", "underlying": underlying, "payoff": payoff, "strike": strike}
        row |= {"quantity": float(rng.integers(1, 11) * rng.choice([-1, 1])), "maturity": days / 252}
        if payoff == "DigitalCall":
            row["cash"] = 10.0
        if payoff in ("AsianCall", "BarrierOption"):
            row["dates"] = round(days / 5)
        if payoff == "BarrierOption":
            row |= {"barrier": float(min(spot, strike) * rng.uniform(0.75, 0.93)), "direction": "down"}
        rows.append(row)
    return pd.DataFrame(rows)


def ours(book: Any, models: dict[str, Any], paths: int, seed: int = 0) -> Any:
    import greeks as gk

    return gk.run(book, models, ["delta", "vega"], paths=paths, seed=seed, threads=1)


def terms(book: Any, models: dict[str, Any]) -> list[Any]:
    """Rows with their model's numbers."""
    return [
        SimpleNamespace(**row, **{name: getattr(model, name) for name in ("spot", "rate", "volatility", "dividend")})
        for row in book.to_dict("records")
        for model in (models[row["underlying"]],)
    ]


def errors(values: Any, spots: Any) -> Any:
    """Root mean squares of the standard errors (trades, 3): of price/spot, delta, vega/spot."""
    import numpy as np

    scaled = values / np.stack([spots, np.ones_like(spots), spots], axis=1)
    return np.sqrt((scaled**2).mean(axis=0))


def our_errors(risk: Any, book: Any, spots: Any) -> Any:
    columns = [f"{name}_std_error" for name in ("price", "delta", "vega")]
    return errors(risk[columns].to_numpy() / book["quantity"].abs().to_numpy()[:, None], spots)


def fewest_paths(book: Any, models: dict[str, Any], spots: Any, target: Any) -> int:
    """The fewest paths with no larger an error in any of the three."""
    for paths in (1 << k for k in range(6, 17)):
        if (our_errors(ours(book, models, paths), book, spots) <= target).all():
            return paths
    raise SystemExit("not even 65,536 paths reach NumPy's errors")


def measure(rounds: int) -> dict[str, Any]:
    import numpy as np

    from benchmarks.rivals.book_numpy import book as by_hand

    models = market()
    book = trades(1000, models)
    rows = terms(book, models)
    spots = np.array([row.spot for row in rows])
    theirs = by_hand(rows, PATHS, 1)
    target = errors(theirs[:, :, 1], spots)
    paths = fewest_paths(book, models, spots, target)
    risk = ours(book, models, paths)
    agreement(theirs, risk, book)
    found: dict[str, Any] = {"target": target.tolist(), "paths": paths}
    found["errors"] = our_errors(risk, book, spots).tolist()
    seconds: dict[str, list[float]] = {"NumPy": [], "equal errors": [], "equal paths": [], "first call": []}
    for i in range(rounds):
        seconds["NumPy"].append(timed(partial(by_hand, rows, PATHS, i)))
        seconds["equal errors"].append(timed(partial(ours, book, models, paths, i)))
        seconds["equal paths"].append(timed(partial(ours, book, models, PATHS, i)))
        seconds["first call"].append(fresh(1000, paths)["seconds"])
    found["seconds"] = seconds
    found["ten thousand"] = [fresh(10_000, paths) for _ in range(LARGE)]
    found["one thousand"] = [fresh(1000, paths) for _ in range(LARGE)]
    found["QuantLib"] = quantlib(rows)
    return found


def agreement(theirs: Any, risk: Any, book: Any) -> None:
    """Both price the same book: differences are within their errors, but for the bumps' bias at the barriers."""
    import numpy as np

    exact = (book["payoff"] != "BarrierOption").to_numpy()
    for k, name in enumerate(("price", "delta", "vega")):
        ours_, own = (risk[c].to_numpy() / book["quantity"].to_numpy() for c in (name, f"{name}_std_error"))
        z = (theirs[:, k, 0] - ours_) / np.hypot(theirs[:, k, 1], own)
        if np.abs(z[exact]).max() > 5.0:
            raise SystemExit(f"{name}: the books disagree, z = {np.abs(z[exact]).max():.1f}")


def timed(call: Any) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def fresh(size: int, paths: int) -> dict[str, float]:
    """In a process of its own, all compiled code on disk: seconds of the first call, of the second, and peak memory."""
    command = [sys.executable, "-m", "benchmarks.book", "--child", str(size), str(paths)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment()).stdout
    found: dict[str, float] = json.loads(answer.splitlines()[-1])
    return found


def child(size: int, paths: int) -> None:
    models = market()
    book = trades(size, models)
    first = timed(lambda: ours(book, models, paths))
    again = timed(lambda: ours(book, models, paths))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": first, "again": again, "GiB": peak}))


def quantlib(rows: list[Any]) -> float | None:
    """Seconds for the whole book, scaled up from a few trades of each kind; None where it is not installed."""
    try:
        from benchmarks.rivals.book_quantlib import greeks
    except ModuleNotFoundError:
        return None
    total = 0.0
    for kind in KINDS:
        alike = [row for row in rows if row.payoff == kind]
        step = len(alike) // SAMPLE
        spent = [timed(partial(greeks, t, PATHS, 42)) for t in alike[::step][:SAMPLE]]
        total += sum(spent) / SAMPLE * len(alike)
    return total


def table(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    s = found["seconds"]
    ratios = {name: [a / b for a, b in zip(s["NumPy"], s[name], strict=True)] for name in s if name != "NumPy"}

    def row(title: str, name: str) -> str:
        r = ratios[name]
        return f"| {title} | {median(s[name]):.3g} s | {median(r):.3g} ({min(r):.3g} to {max(r):.3g}) |"

    big, small = (
        {name: median(each[name] for each in found[size]) for name in ("seconds", "again", "GiB")}
        for size in ("ten thousand", "one thousand")
    )
    lines = [
        "| 1,000 trades, one core | Time | NumPy's over it |",
        "| --- | --- | --- |",
        f"| NumPy by hand, {PATHS:,} paths a trade | {median(s['NumPy']):.3g} s | |",
        row(f"ours at equal errors, {found['paths']:,} paths a trade", "equal errors"),
        row("the same, first call of a process, compiled code on disk", "first call"),
        row(f"ours at {PATHS:,} paths a trade", "equal paths"),
    ]
    if found["QuantLib"] is not None:
        ratio = found["QuantLib"] / median(s["equal errors"])
        lines.append(
            f"| QuantLib, bumps, {PATHS:,} paths (scaled up from {SAMPLE * len(KINDS)} trades) | "
            f"{found['QuantLib']:.3g} s | ours is {ratio:.3g} times as fast |"
        )
    names = ("price/spot", "delta", "vega/spot")
    pairs = zip(names, found["target"], found["errors"], strict=True)
    lines += [
        "",
        "Root mean square standard errors, NumPy's and ours at equal errors: "
        + ", ".join(f"{name} {a:.2g} and {b:.2g}" for name, a, b in pairs)
        + ".",
        f"10,000 trades in a process of their own: first call {big['seconds']:.3g} s, "
        f"{big['seconds'] / small['seconds']:.2g} times that of 1,000 trades; second {big['again']:.3g} s, "
        f"{big['again'] / small['again']:.2g} times; peak memory {big['GiB']:.2g} GiB.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print the table, leave README.md as it is")
    parser.add_argument("--child", nargs=2, type=int, metavar=("TRADES", "PATHS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    one_core()
    if arguments.child:
        return child(*arguments.child)
    text = table(measure(arguments.rounds))
    print(text)
    if not arguments.dry:
        report.write("book", text)


if __name__ == "__main__":
    main()
