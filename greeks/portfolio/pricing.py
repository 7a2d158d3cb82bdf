"""Price a whole book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import pandas as pd

from greeks.errors import GreeksError, SchemaError
from greeks.payoffs import registry
from greeks.portfolio.allocation import priced
from greeks.portfolio.jobs.backend import backend_for
from greeks.portfolio.jobs.bench import Bench
from greeks.portfolio.jobs.dispatch import pool_of
from greeks.portfolio.jobs.fingerprint import Request
from greeks.portfolio.jobs.ledger import Ledger
from greeks.portfolio.jobs.progress import watching
from greeks.portfolio.jobs.settings import Settings, requested
from greeks.portfolio.jobs.storage import check_storable
from greeks.portfolio.numbers.frame import labels_of, to_risk
from greeks.portfolio.numbers.joint import Joint
from greeks.portfolio.numbers.outcome import Outcome
from greeks.portfolio.numbers.risk import Risk
from greeks.portfolio.numbers.units import DeskUnits, units_of
from greeks.portfolio.rows.market import read_market
from greeks.portfolio.rows.schema import Checked, check_book, checked_payoffs
from greeks.portfolio.rows.vocabulary import refuse_unknown
from greeks.rubbish import seldom_collected


class BookError(GreeksError):
    """Some trades could not be priced or some of their Greeks were refused.

    Attributes
    ----------
    partial : Risk
        The result of `run` as `errors="coerce"` would have given it: nothing that was computed is lost.
    failures : dict of str to str
        By trade id, what went wrong.
    """

    def __init__(self, message: str, partial: Risk, failures: Mapping[str, str]) -> None:
        super().__init__(message)
        self.partial = partial
        self.failures = dict(failures)


@seldom_collected()
def run(
    book: pd.DataFrame,
    market: Mapping[str, Any] | pd.DataFrame | str | Path,
    greeks: Sequence[str],
    *,
    errors: Literal["raise", "coerce"] = "raise",
    scheme: Any = None,
    sampler: Any = None,
    estimator: Any = "auto",
    controls: Any = "auto",
    paths: int = 2**16,
    seed: int = 0,
    std_error: Any = None,
    net_std_error: float | Mapping[str, float] | None = None,
    max_paths: int | None = None,
    time_limit: float | None = None,
    backend: str = "cpu",
    threads: int | None = None,
    progress: bool = False,
    keep: Sequence[str] = (),
    payoffs: Mapping[str, type[Any]] | None = None,
    units: Literal["desk"] | DeskUnits | None = None,
    executor: Any = None,
    out: str | Path | None = None,
    resume: bool = False,
) -> Risk:
    """Price and Greeks of every trade of a book, with standard errors.

    All trades on an underlying are priced on its draws, named by its name: a trade's numbers do not depend on its
    row, on the other trades, on threads or machines, and the errors of a trade and its hedge cancel as their values
    do. `result.net(by=[...])` has sums with the errors that follow.

    Parameters
    ----------
    book : DataFrame
        One row a trade: `id, underlying, payoff, quantity`, perhaps `currency`, and the payoff's parameters by name,
        blank where unused. `payoff` holds the name of the class, "Call"; `dates` a count or year fractions, "0.25 0.5
        1.0". Any other column is yours, and handed through.
    market : mapping of str to model, DataFrame, or path
        By underlying; a DataFrame has a row for each, a path is of a TOML or JSON file. See `load_market`.
    greeks : sequence of str
        Names as in `sensitivities`; the price is always there.
    errors : {"raise", "coerce"}
        What bad rows and refused Greeks lead to: one error that lists them all, or NaN and a reason in
        `status`.
    scheme, sampler, estimator, controls, backend, threads
        As in `sensitivities`, for every trade.
    paths : int
        Paths for each trade, unless an error decides.
    seed : int
    std_error : optional
        Target for one contract of each trade, before the quantity, as in `sensitivities`.
    net_std_error : float or mapping of str to float, optional
        Target for the sums over the whole book, or those of each currency: paths are added to the underlyings whose
        part of the error, after all hedges, is worth the most for the work.
    max_paths : int, optional
        Limit for each trade.
    time_limit : float, optional
        Seconds for the whole book, what is left shared evenly among the trades to come.
    progress : bool
        Show a progress bar with the time left, on the terminal or in a notebook.
    keep : sequence of str
        Columns of the book to hand through to the result, in front, whatever they are.
    payoffs : mapping of str to type, optional
        Payoff classes of your own, by name.
    units : None, "desk" or DeskUnits, optional
        Greeks per 1.00 and per year, or as a desk reads them; see `DeskUnits`.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Where to work, here by default. Numbers do not depend on it.
    out : path, optional
        Where to write the result, a Parquet file or a folder. Trades are kept there as they are done, so that a run
        that was killed can go on. Read it back with `greeks.read_risk`.
    resume : bool
        Go on with the run of the same request that `out` holds the parts of, if there is one.

    Returns
    -------
    Risk
        A DataFrame: the book's index; columns `price, price_std_error, delta, delta_std_error, ..., estimator,
        status`, and in front those of the book that are kept. Numbers are those of the position, quantity times those
        of one contract. `status` starts with "ok" where all is well.

    Raises
    ------
    SchemaError
        Before anything is simulated, with a line for every fault of every row (errors="raise"); or since `out` holds
        another request, saying what changed.
    BookError
        At the end, naming every trade that failed or had a Greek refused (errors="raise"); the rest is in
        `.partial`.

    Examples
    --------
    >>> import greeks as gk
    >>> import pandas as pd
    >>> market = {"DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)}
    >>> book = pd.DataFrame({
    ...     "id": ["T1", "T2"], "underlying": "DAX", "payoff": ["Call", "Put"], "quantity": [10.0, -5.0],
    ...     "strike": [100.0, 90.0], "maturity": [1.0, 0.5],
    ... })
    >>> risk = gk.run(book, market, ["delta"], paths=2**14)
    >>> list(risk.columns)
    ['price', 'price_std_error', 'delta', 'delta_std_error', 'estimator', 'status']
    >>> risk["delta"].round(0).tolist()
    [6.0, 1.0]
    """
    if errors not in ("raise", "coerce"):
        raise SchemaError(f"errors = {errors!r}: expected 'raise' or 'coerce'")
    names, wanted = requested(greeks), units_of(units)
    settings = Settings(
        *(scheme, sampler, estimator, paths, seed, std_error, net_std_error, max_paths, time_limit, backend, threads),
        controls,
    )
    settings.check(names)
    pool_of(executor)
    if resume and out is None:
        raise SchemaError("resume: there is nothing to go on with; give out=, the path of the run")
    models, own = read_market(market), checked_payoffs(payoffs)
    checked = check_book(book, models, {**registry(), **own}, keep)
    if checked.faults and errors == "raise":
        raise SchemaError(checked.report())
    refuse_unknown(names, checked.trades)
    settings = replace(settings, backend=backend_for(settings.of_one(), checked.trades, names, executor is None))
    kept = _kept(book, [*keep, *(name for name in checked.extras if name not in keep)], names)
    order = Order(kept, labels_of(book, checked.extras), checked, names, settings, wanted, progress, executor)
    if out is None:
        risk, bug = order.carried_out(None)
    else:
        asked = Request(book, order.labels, models, own, names, settings, wanted, list(kept.columns))
        risk, bug = _on_disk(order, book[["quantity"]], Ledger(out, asked.manifest()), resume)
    failures = _failures(risk, checked)
    if failures and errors == "raise":
        raise BookError(_summary(failures), risk, failures) from bug
    return risk


@dataclass(frozen=True)
class Order:
    """A book that has been checked, and what is wanted of it."""

    kept: pd.DataFrame
    labels: pd.DataFrame
    checked: Checked
    greeks: Sequence[str]
    settings: Settings
    units: DeskUnits | None
    progress: bool
    executor: Any

    def carried_out(self, ledger: Ledger | None) -> tuple[Risk, Exception | None]:
        """The result, and the first exception on the way that was none of ours."""
        trades, limit = self.checked.trades, self.settings.time_limit
        deadline = None if limit is None else monotonic() + limit
        with watching(len(trades), self.progress) as advance:
            bench = Bench(self.executor, ledger, advance, self.progress, deadline)
            outcomes = priced(trades, self.greeks, self.settings, bench, self._together)
        return self._risk(outcomes), bench.bug

    def _risk(self, outcomes: Mapping[int, Outcome]) -> Risk:
        return to_risk(
            self.kept,
            self.labels,
            self.checked.trades,
            {**outcomes, **_rejected(self.checked)},
            self.greeks,
            self.units,
        )

    def _together(self, outcomes: Mapping[int, Outcome]) -> Joint:
        joint = self._risk(outcomes).joint
        assert joint is not None
        return joint


def _on_disk(order: Order, quantities: pd.DataFrame, ledger: Ledger, resume: bool) -> tuple[Risk, Exception | None]:
    """The result by way of files: what was done before is read."""
    written = pd.concat([order.labels, quantities, order.kept], axis=1)
    check_storable(written.loc[:, ~written.columns.duplicated()])
    with ledger.begun(resume):
        if ledger.finished(resume):
            return ledger.result(), None
        risk, bug = order.carried_out(ledger)
        ledger.finish(risk, quantities)
        return risk, bug


def _kept(book: pd.DataFrame, names: Sequence[str], greeks: Sequence[str]) -> pd.DataFrame:
    """The book's columns that the result has too, none of which may have the name of a result."""
    numbers = {"price", *greeks}
    taken = {
        *numbers,
        *(f"{name}_std_error" for name in numbers),
        "estimator",
        "status",
        "batches",
        "trades",
        "degrees",
    }
    for name in names:
        if name in taken or str(name).partition("[")[0] in numbers:
            raise SchemaError(f"column {name!r} of the book has the name of a result: rename it")
    return book[list(names)]


def _rejected(checked: Checked) -> dict[int, Outcome]:
    return {i: Outcome(f"bad input: {'; '.join(lines)}") for i, lines in checked.faults.items()}


def _failures(risk: Risk, checked: Checked) -> dict[str, str]:
    """By trade id the status of those that could not be priced in full, in book order."""
    statuses = risk["status"].tolist()
    return {t.id: statuses[t.position] for t in checked.trades if not statuses[t.position].startswith("ok")}


def _summary(failures: Mapping[str, str]) -> str:
    """A line for each reason with the trades it befell."""
    victims: dict[str, list[str]] = {}
    for id, reason in failures.items():
        victims.setdefault(reason, []).append(id)
    lines = [f"trade{'s' * (len(ids) > 1)} {', '.join(ids)}: {reason}" for reason, ids in victims.items()]
    return "\n".join([*lines, 'What was computed is in `.partial`; errors="coerce" returns it instead of raising.'])
