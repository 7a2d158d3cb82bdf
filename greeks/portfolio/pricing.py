"""Price a whole book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from greeks.errors import GreeksError, SchemaError
from greeks.payoffs import registry
from greeks.portfolio.book import by_kind
from greeks.portfolio.desk import Desk
from greeks.portfolio.frame import Outcome, to_frame
from greeks.portfolio.progress import tracked
from greeks.portfolio.schema import Checked, check_book
from greeks.portfolio.settings import Settings


class BookError(GreeksError):
    """Some trades could not be priced or some of their Greeks were refused.

    Attributes
    ----------
    partial : DataFrame
        The result of `run` as `errors="coerce"` would have given it: nothing that was computed is lost.
    failures : dict of str to str
        By trade id, what went wrong.
    """

    def __init__(self, message: str, partial: pd.DataFrame, failures: Mapping[str, str]) -> None:
        super().__init__(message)
        self.partial = partial
        self.failures = dict(failures)


def run(
    book: pd.DataFrame,
    market: Mapping[str, Any],
    greeks: Sequence[str],
    *,
    errors: Literal["raise", "coerce"] = "raise",
    scheme: Any = None,
    sampler: Any = None,
    estimator: Any = "auto",
    paths: int = 2**16,
    seed: int = 0,
    std_error: float | Mapping[str, float] | None = None,
    max_paths: int | None = None,
    time_limit: float | None = None,
    backend: str = "cpu",
    threads: int | None = None,
    progress: bool = False,
    keep: Sequence[str] = (),
    payoffs: Mapping[str, type[Any]] | None = None,
) -> pd.DataFrame:
    """Price and Greeks of every trade of a book, with standard errors.

    Each trade draws from a stream of its own, named by its id: its numbers do not depend on its row, on the
    other trades or on the threads, and since trades are independent the variance of a total is the sum of
    variances.

    Parameters
    ----------
    book : DataFrame
        One row a trade: `id, underlying, payoff, quantity` and the payoff's parameters by name, blank where
        unused. `payoff` holds the name of the class, "Call"; `dates` a count or year fractions, "0.25 0.5
        1.0".
    market : mapping of str to model
        By underlying; see `load_market`.
    greeks : sequence of str
        Names as in `sensitivities`; the price is always there.
    errors : {"raise", "coerce"}
        What bad rows and refused Greeks lead to: one error that lists them all, or NaN and a reason in
        `status`.
    scheme, sampler, estimator, backend, threads
        As in `sensitivities`, for every trade.
    paths : int
        Paths for each trade, unless `std_error` decides.
    seed : int
    std_error : float or mapping of str to float, optional
        Target for one contract of each trade, before the quantity.
    max_paths : int, optional
        Limit for each trade.
    time_limit : float, optional
        Seconds for the whole book, what is left shared evenly among the trades to come.
    progress : bool
        Show a progress bar on the terminal.
    keep : sequence of str
        Columns of the book to hand through to the result, known or not.
    payoffs : mapping of str to type, optional
        Payoff classes of your own, by name.

    Returns
    -------
    DataFrame
        The book's index; columns `price, price_std_error, delta, delta_std_error, ..., estimator, status`.
        Numbers are those of the position, quantity times those of one contract. `status` starts with "ok"
        where all is well.

    Raises
    ------
    SchemaError
        Before anything is simulated, with a line for every fault of every row (errors="raise").
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
    names = _requested(greeks)
    settings = Settings(
        scheme=scheme,
        sampler=sampler,
        estimator=estimator,
        paths=paths,
        seed=seed,
        std_error=std_error,
        max_paths=max_paths,
        time_limit=time_limit,
        backend=backend,
        threads=threads,
    )
    checked = check_book(book, market, {**registry(), **(payoffs or {})}, keep)
    if checked.faults and errors == "raise":
        raise SchemaError(checked.report())
    desk = Desk(names, settings, len(checked.trades))
    outcomes = _rejected(checked)
    for trade in tracked(by_kind(checked.trades), progress):
        outcomes[trade.position] = desk.price(trade)
    frame = pd.concat([book[list(keep)], to_frame(book.index, outcomes, names)], axis=1)
    if desk.failures and errors == "raise":
        raise BookError(_summary(desk.failures), frame, desk.failures) from desk.bug
    return frame


def _requested(greeks: Sequence[str]) -> list[str]:
    if isinstance(greeks, str):
        raise SchemaError(f"greeks = {greeks!r}: expected a list of names; write [{greeks!r}]")
    wrong = [greek for greek in greeks if not isinstance(greek, str) or not greek.strip()]
    if wrong:
        raise SchemaError(f"greeks: {wrong[0]!r} is no name; expected names such as 'delta'")
    return [greek for greek in dict.fromkeys(greeks) if greek != "price"]


def _rejected(checked: Checked) -> dict[int, Outcome]:
    return {i: Outcome({}, f"bad input: {'; '.join(lines)}") for i, lines in checked.faults.items()}


def _summary(failures: Mapping[str, str]) -> str:
    """A line for each reason with the trades it befell."""
    victims: dict[str, list[str]] = {}
    for id, reason in failures.items():
        victims.setdefault(reason, []).append(id)
    lines = [f"trade{'s' * (len(ids) > 1)} {', '.join(ids)}: {reason}" for reason, ids in victims.items()]
    return "\n".join([*lines, 'What was computed is in `.partial`; errors="coerce" returns it instead of raising.'])
