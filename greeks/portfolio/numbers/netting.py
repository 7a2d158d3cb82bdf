"""Net numbers of a book: sums over groups of its trades, with errors that know of shared paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from greeks.errors import SchemaError
from greeks.portfolio.numbers.grouping import worth_of
from greeks.portfolio.numbers.joint import Array, Integers, Joint, checked_by
from greeks.portfolio.numbers.risk import Risk


def net(risk: pd.DataFrame, by: str | Sequence[str] = (), *, rates: Mapping[str, float] | None = None) -> pd.DataFrame:
    """sum_i q_i v_i over groups of trades, and its standard error.

    Trades on one underlying share their paths. With b batches of these, and n_b the net number that batch b alone
    gives, the variance of their sum is Var(n_b) / b: whatever hedges cancel in the number cancels in its error too, so
    that a book that is long and short of one trade has a net error of 0. Underlyings are independent: their
    variances add. An interval is value -/+ t std_error, t the quantile of Student's law with `degrees`.

    Parameters
    ----------
    risk : what `run` returned, or rows cut out of it.
    by : columns to group by: "id", "underlying", "payoff", "currency", or any column of the book's owner. One group,
        "total", by default.
    rates : what one unit of each currency is worth in the currency wanted, where the book has several.

    Returns
    -------
    DataFrame
        A row a group: `price, price_std_error, ...` as in `risk`, `trades` in it, `degrees`, and `status`: "ok", or
        which numbers are not there since a trade has none. Filter `risk` by its own `status` first to sum the others.

    Raises
    ------
    SchemaError
        If `by` names no column, currencies would be added without rates, or the rows can no longer be told.

    Examples
    --------
    >>> import greeks as gk
    >>> import pandas as pd
    >>> market = {"DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)}
    >>> book = pd.DataFrame({
    ...     "id": ["a", "b"], "underlying": "DAX", "payoff": "AsianCall", "quantity": [10.0, -10.0],
    ...     "strike": 100.0, "maturity": 1.0, "dates": 12,
    ... })
    >>> risk = gk.run(book, market, ["delta"], paths=2**14)
    >>> risk.net(by="underlying")[["delta", "delta_std_error", "trades", "status"]]
                delta  delta_std_error  trades status
    underlying
    DAX           0.0              0.0       2     ok

    Source: means of independent batches, Law and Kelton (2000), "Simulation Modeling and Analysis", section 9.5.3.
    """
    joint = joint_of(risk)
    rows, names = joint.rows_of(risk), checked_by(by, joint.labels)
    weights = _rates(joint, rows, names, rates)
    groups = _groups(joint.labels.iloc[rows], names)
    found = [_row(joint, rows[at], weights[at]) for at in groups.values()]
    index = _index(list(groups), names)
    return pd.DataFrame(found, index=index, columns=_columns(joint)).astype({"trades": int, "degrees": int})


def joint_of(risk: pd.DataFrame) -> Joint:
    """What `run` left with its result; refuses a frame that has lost it."""
    joint = risk.joint if isinstance(risk, Risk) else None
    if joint is None:
        raise SchemaError(
            f"net: this {type(risk).__name__} does not know how its trades vary together; use what greeks.run "
            "returned, rows cut out of it, or greeks.read_risk(path), for sums of its columns have no known error"
        )
    return joint


def _rates(joint: Joint, rows: Integers, by: Sequence[str], rates: Mapping[str, float] | None) -> Array:
    """What each row's currency is worth."""
    if "currency" not in joint.labels:
        return np.ones(len(rows))
    currencies = joint.labels["currency"].iloc[rows]
    there = list(dict.fromkeys(currencies.dropna()))
    if rates is None:
        if len(there) > 1 and "currency" not in by:
            raise SchemaError(
                f"net: the trades are in {', '.join(map(str, there))}, which do not add; give "
                f"rates={{{', '.join(f'{name!r}: ...' for name in there)}}}, or by=[..., 'currency']"
            )
        return np.ones(len(rows))
    worth = worth_of(there, rates)
    return np.array([worth.get(name, np.nan) for name in currencies], dtype=float)


def _groups(labels: pd.DataFrame, by: Sequence[str]) -> dict[object, Integers]:
    """Places of the rows of each group, in the order of the groups' names as far as these have one."""
    if not by:
        return {"total": np.arange(len(labels))}
    keys = [by[0]] if len(by) == 1 else list(by)
    try:
        grouped = labels.reset_index(drop=True).groupby(keys if len(keys) > 1 else keys[0], dropna=False, sort=True)
        return {name: np.asarray(at) for name, at in grouped.indices.items()}
    except TypeError as error:
        raise SchemaError(
            f"net: by = {', '.join(keys)} holds cells that are no names ({error}); make them text"
        ) from None


def _row(joint: Joint, rows: Integers, weights: Array) -> list[object]:
    with np.errstate(over="ignore", invalid="ignore"):
        sums = joint.net(rows, weights)
        numbers = np.column_stack([sums.values, sums.std_errors])
    beyond = np.asarray(np.isinf(numbers).any(axis=1))
    told = [f"{name}: beyond double precision" for name, is_so in zip(joint.greeks, beyond, strict=True) if is_so]
    status = "; ".join(told) or joint.missing(rows)
    return [*np.where(beyond[:, None], np.nan, numbers).ravel().tolist(), len(rows), sums.degrees, status]


def _columns(joint: Joint) -> list[str]:
    return [*(f"{name}{end}" for name in joint.greeks for end in ("", "_std_error")), "trades", "degrees", "status"]


def _index(groups: Sequence[object], by: Sequence[str]) -> pd.Index:
    if len(by) > 1:
        return pd.MultiIndex.from_tuples([name for name in groups if isinstance(name, tuple)], names=list(by))
    return pd.Index(groups, name=by[0] if by else None)
