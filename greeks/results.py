"""What a simulation hands back: numbers with their uncertainty and provenance."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Protocol

from greeks.errors import SchemaError
from greeks.figures import with_error as with_error
from greeks.notes import grouped

if TYPE_CHECKING:
    import os

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from greeks.verification import Verification


@dataclass(frozen=True)
class Estimate:
    """The estimate of one number by the mean of many paths.

    Attributes
    ----------
    greek : str
        What was estimated: "price", "delta", "d2_spot_volatility", ...
    value : float
        The estimate; Greeks are per 1.00 of the parameter, per year for time.
    std_error : float
        The standard error of `value`, in the same unit.
    paths : int
        Paths simulated.
    estimator : str
        The name of the estimator used.
    reason : str
        Why that estimator.
    warnings : tuple of str
        What to know before trusting the number, a heavy tail for one.
    kurtosis : float, optional
        n sum d^4 / (sum d^2)^2 of the paths' deviations d from their mean: 3 for a normal law. The standard error
        has a relative error of sqrt((kurtosis - 1) / paths) / 2 of its own.
    largest_share : float, optional
        The part of sum d^2 that the one largest deviation has.
    bias : float, optional
        What is estimated of E[value] - truth, where the estimator is biased and can tell; `std_error` does not
        contain it.
    degrees : int, optional
        Degrees of freedom of the standard error, where it rests on few independent numbers: one less than the
        scrambles of a point set. None where it rests on all paths.

    The fourth powers are those of one chunk of 4,096 paths in four, the largest deviation is that of all. Both are
    None where they are not known: for sums of estimates, for point sets, where paths do not differ, and for samples
    with a control in a run so short (16,384 paths) that what is known went into the control's coefficient.

    Examples
    --------
    >>> delta = Estimate("delta", 0.586851, 0.000412, 131072, "Pathwise", "the payoff is continuous")
    >>> print(delta)
    0.58685 ± 0.00041
    >>> low, high = delta.interval(0.95)
    >>> low < 0.5869 < high
    True
    """

    greek: str
    value: float
    std_error: float
    paths: int
    estimator: str = ""
    reason: str = ""
    warnings: tuple[str, ...] = ()
    kurtosis: float | None = None
    largest_share: float | None = None
    bias: float | None = None
    degrees: int | None = None

    @property
    def effective_paths(self) -> float | None:
        """paths / kurtosis: the number of equally large paths on which the standard error rests."""
        return None if self.kurtosis is None else self.paths / self.kurtosis

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """value -/+ z std_error, z the (1 + level) / 2 quantile of the standard normal law, or Student's of `degrees`.

        Examples
        --------
        >>> Estimate("price", 0.0, 1.0, 2**16, degrees=15).interval(0.95)[1].__round__(4)
        2.1314
        """
        if not 0.0 < level < 1.0:
            raise SchemaError(f"level = {level!r}: expected a probability strictly between 0 and 1, such as 0.95")
        half = _quantile(0.5 + 0.5 * level, self.degrees) * self.std_error
        return self.value - half, self.value + half

    def z_score(self, truth: float) -> float:
        """(value - truth) / std_error; without any error 0 when exactly right and infinite otherwise."""
        miss = self.value - truth
        if self.std_error == 0.0:
            return miss * math.inf if miss else 0.0
        return miss / self.std_error

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        return with_error(self.value, self.std_error)


class Origin(Protocol):
    """What a result was simulated from, and can be gone on with: see the methods of `Sensitivities`."""

    def verify(self, paths: int) -> Verification:
        """The numbers again by other estimators."""

    def resume(
        self,
        paths: int | None,
        std_error: Any,
        max_paths: int | None,
        time_limit: float | None,
        threads: int | None,
        progress: bool,
    ) -> Sensitivities:
        """More samples."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Everything into a file."""


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivities(Mapping[str, Estimate]):
    """The price and its Greeks from one simulation: a mapping from name to `Estimate`, in the order asked.

    Attributes
    ----------
    estimates : mapping of str to Estimate
    covariance : ndarray of float64, shape (n, n)
        The joint covariance of the n estimates in their order: they come from the same paths, so the error of
        a sum is not the sum in quadrature. See `combination`.
    model, payoff, scheme, sampler, backend : str
        What was simulated and how, as text, so that a result can outlive the classes it came from.
    seed : int
    elapsed : float
        Seconds.
    stopped : str
        Why the run ended before its goal, and what is missing: Ctrl-C, a time limit, `max_paths` before the targets
        held. Empty where it did not; `complete` says so.
    """

    estimates: Mapping[str, Estimate]
    covariance: NDArray[np.float64]
    model: str = ""
    payoff: str = ""
    scheme: str = ""
    sampler: str = ""
    backend: str = "cpu"
    seed: int = 0
    elapsed: float = 0.0
    stopped: str = ""
    origin: Origin | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        estimates, n = dict(self.estimates), len(self.estimates)
        if self.covariance.shape != (n, n):
            raise SchemaError(
                f"Sensitivities.covariance has shape {self.covariance.shape}: expected ({n}, {n}), "
                f"a row and a column for each of {', '.join(estimates)}"
            )
        object.__setattr__(self, "estimates", estimates)

    def __getitem__(self, greek: str) -> Estimate:
        try:
            return self.estimates[greek]
        except KeyError:
            raise KeyError(f"{greek!r} was not estimated; there are {', '.join(self.estimates)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.estimates)

    def __len__(self) -> int:
        return len(self.estimates)

    @property
    def complete(self) -> bool:
        """Whether the run reached its goal: all paths, or all targets."""
        return not self.stopped

    @property
    def warning(self) -> str:
        """What to know of a run that is not complete; empty of one that is."""
        return f"stopped early: {self.stopped}" if self.stopped else ""

    def combination(self, weights: Mapping[str, float], name: str = "combination") -> Estimate:
        """sum_i w_i estimate_i with the standard error sqrt(w' covariance w).

        Parameters
        ----------
        weights : mapping of str to float
            A weight for each Greek that takes part.
        name : str
            What to call the sum.

        Examples
        --------
        >>> import numpy as np
        >>> up = Estimate("price", 10.0, 0.2, 100)
        >>> down = Estimate("delta", 0.5, 0.1, 100)
        >>> both = Sensitivities({"price": up, "delta": down}, np.array([[0.04, 0.02], [0.02, 0.01]]))
        >>> print(both.combination({"price": 1.0, "delta": -2.0}))
        9 ± 0
        """
        chosen = [self[greek] for greek in weights]
        names = list(self)
        rows = [names.index(greek) for greek in weights]
        w = list(weights.values())
        value = math.fsum(a * estimate.value for a, estimate in zip(w, chosen, strict=True))
        variance = math.fsum(
            float(a * b * self.covariance[i, j])
            for a, i in zip(w, rows, strict=True)
            for b, j in zip(w, rows, strict=True)
        )
        return Estimate(
            name,
            value,
            math.sqrt(max(variance, 0.0)),
            min((estimate.paths for estimate in chosen), default=0),
            "+".join(dict.fromkeys(estimate.estimator for estimate in chosen)),
            "linear combination of estimates from the same paths",
            tuple(dict.fromkeys(text for estimate in chosen for text in estimate.warnings)),
            bias=_sum_of_known(a * e.bias if e.bias is not None else None for a, e in zip(w, chosen, strict=True)),
            degrees=min((e.degrees for e in chosen if e.degrees is not None), default=None),
        )

    def verify(self, paths: int | None = None) -> Verification:
        """Every number again by another valid estimator on the same paths, and the z-score of the difference.

        An estimator that is not valid, or a jump that was declared to be none, rarely gives the same number by two
        ways. What both share, the model and its time steps, is not checked; of a blend the first part is.

        Parameters
        ----------
        paths : int, optional
            How many of the paths; all by default.

        Raises
        ------
        SchemaError
            If the result did not come from a simulation.

        Examples
        --------
        >>> import greeks as gk
        >>> model = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5)
        >>> r = gk.sensitivities(model, gk.DigitalCall(strike=100.0, maturity=1.0), ["delta"], paths=2**14)
        >>> check = r.verify()["delta"]
        >>> check.used.estimator, check.other.estimator, check.agrees
        ('conditional', 'likelihood ratio', True)
        """
        return self._origin("verify").verify(paths or max(estimate.paths for estimate in self.values()))

    def resume(
        self,
        *,
        paths: int | None = None,
        std_error: Any = None,
        max_paths: int | None = None,
        time_limit: float | None = None,
        threads: int | None = None,
        progress: bool = False,
    ) -> Sensitivities:
        """The result with more paths, those after the ones it has: bit for bit what one run over all of them gives.

        Estimators and controls stay those of this run; from 32,768 paths on they are those of any longer one. Without
        `paths` and `std_error` an interrupted run goes on to where it was going, and a complete one as long as
        `time_limit` says. A target that holds already adds nothing.

        Parameters
        ----------
        paths : int, optional
            How many to add. The points of a scramble double: at least as many as there are.
        std_error : float, Relative or mapping of these by Greek, optional
            A target, as in `sensitivities`.
        max_paths : int, optional
            Where to stop all the same: paths in all, those that are there included.
        time_limit : float, optional
            Seconds from now.
        threads, progress
            As in `sensitivities`.

        Raises
        ------
        SchemaError
            If the result did not come from a simulation, or `paths` cannot be added.

        Examples
        --------
        >>> import greeks as gk
        >>> model, payoff = gk.BlackScholes(100.0, 0.05, 0.2), gk.AsianCall(100.0, 1.0, 12)
        >>> short = gk.sensitivities(model, payoff, ["delta"], paths=2**15)
        >>> long = gk.sensitivities(model, payoff, ["delta"], paths=2**16)
        >>> short.resume(paths=2**15)["delta"] == long["delta"]
        True
        """
        return self._origin("resume").resume(paths, std_error, max_paths, time_limit, threads, progress)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a file that `greeks.load` reads: the numbers, and what it takes to go on.

        The file is an .npz archive without pickles; its format is described in docs/accuracy-on-demand.md. One of this
        name is replaced only once the new one is whole.

        Raises
        ------
        SchemaError
            If the result did not come from a simulation, or its model holds what cannot be written.
        """
        self._origin("save").save(path)

    def _origin(self, wanted: str) -> Origin:
        if self.origin is None:
            raise SchemaError(
                f"{wanted}(): this result holds numbers only; call it on what greeks.sensitivities returned for one "
                "simulation"
            )
        return self.origin

    def to_frame(self) -> pd.DataFrame:
        """A tidy DataFrame, a row for each Greek: `Estimate`'s attributes, NaN for what is not known."""
        import pandas as pd

        columns = ("value", "std_error", "estimator", "reason", "paths")
        diagnostics = ("kurtosis", "largest_share", "effective_paths", "bias")
        rows = [
            {name: getattr(estimate, name) for name in columns}
            | {"warnings": "; ".join(estimate.warnings)}
            | {name: _number(getattr(estimate, name)) for name in diagnostics}
            for estimate in self.values()
        ]
        index = pd.Index(list(self), name="greek", dtype="str")
        return pd.DataFrame(rows, index=index, columns=[*columns, "warnings", *diagnostics])

    def __repr__(self) -> str:
        table = [[*cells, _clipped(reason)] for *cells, reason in self._table()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        return "\n".join([self._title(), "", *lines, *self._notes()])

    def _repr_html_(self) -> str:
        head, *body = ([html.escape(cell) for cell in row] for row in self._table())
        rows = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body]
        heading = "".join(f"<th>{cell}</th>" for cell in head)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
        return (
            f"<p>{html.escape(self._title())}</p>"
            f"<table><thead><tr>{heading}</tr></thead><tbody>{''.join(rows)}</tbody></table>{notes}"
        )

    def _title(self) -> str:
        paths = max((estimate.paths for estimate in self.values()), default=0)
        facts = [self.payoff, self.model, self.scheme, self.sampler, self.backend]
        facts += [f"{paths:,} paths", f"seed {self.seed}", f"{self.elapsed:.2f} s"]
        return " | ".join(fact for fact in facts if fact)

    def _table(self) -> list[tuple[str, str, str, str]]:
        rows = [
            (e.greek, aligned, e.estimator, e.reason) for e, aligned in zip(self.values(), self._values(), strict=True)
        ]
        return [_HEADINGS, *rows]

    def _values(self) -> list[str]:
        """`value ± error`, padded so that the ± signs stand under one another."""
        pairs = [str(estimate).partition(" ± ") for estimate in self.values()]
        width = max((len(value) for value, _, _ in pairs), default=0)
        return [f"{value:>{width}}{sign}{error}" for value, sign, error in pairs]

    def _notes(self) -> list[str]:
        biases = ", ".join(f"{e.greek} {e.bias:.2g}" for e in self.values() if e.bias is not None)
        stopped = [f"warning: {self.warning}"] if self.stopped else []
        biased = [f"biased, which ± does not contain, by about: {biases}"] if biases else []
        told = grouped({e.greek: e.warnings for e in self.values()})
        return [*stopped, *biased, *(f"warning, {text}" for text in told)]


def _quantile(p: float, degrees: int | None) -> float:
    """The quantile of a normal mean over its standard error, that error known or estimated."""
    if degrees is None:
        return NormalDist().inv_cdf(p)
    from scipy.special import stdtrit

    return float(stdtrit(degrees, p))


def _sum_of_known(terms: Iterable[float | None]) -> float | None:
    """The sum of the terms that are known; None if none is."""
    known = [term for term in terms if term is not None]
    return math.fsum(known) if known else None


def _number(known: float | None) -> float:
    return math.nan if known is None else known


def _clipped(reason: str) -> str:
    """So much of a reason as fits a terminal; the estimate itself and the HTML have all of it."""
    return reason if len(reason) <= _REASON_WIDTH else f"{reason[: _REASON_WIDTH - 1]}…"


_REASON_WIDTH = 60


@dataclass(frozen=True, repr=False)
class Explanation(Mapping[str, str]):
    """Greek -> why its estimator, and what its controls and the sampler buy.

    Attributes
    ----------
    estimators, reasons, refused : mapping of str to str
        By Greek: the estimator's name and why it is taken, or why there is none.
    scheme, sampler : str
    source : str
        The program that would be run.
    controls : mapping of str to tuple of str
        What is taken off the samples of each Greek, where anything is.
    by_controls, by_sampler : mapping of str to float
        By Greek, the variance without over that with, as pilots saw it: without the controls, for independent paths;
        of independent paths, as many, over those of the sampler, controls taken off both.
    """

    estimators: Mapping[str, str]
    reasons: Mapping[str, str]
    refused: Mapping[str, str]
    scheme: str
    source: str
    sampler: str = ""
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_controls: Mapping[str, float] = field(default_factory=dict)
    by_sampler: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, greek: str) -> str:
        return self.reasons[greek] if greek in self.reasons else self.refused[greek]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.reasons, **self.refused})

    def __len__(self) -> int:
        return len(self.reasons) + len(self.refused)

    def __repr__(self) -> str:
        lines = [f"scheme: {self.scheme}", *([f"sampler: {self.sampler}"] if self.sampler else [])]
        lines += [f"{g}: {self.estimators[g]}; {why}" for g, why in self.reasons.items()]
        lines += [f"{g}: refused; {why}" for g, why in self.refused.items()]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """A row a Greek: estimator ("refused" where there is none), reason, controls, and gains."""
        import pandas as pd

        columns = ["estimator", "reason", "controls", "by_controls", "by_sampler"]
        rows = [
            (
                self.estimators.get(g, "refused"),
                self[g],
                ", ".join(self.controls.get(g, ())),
                self.by_controls.get(g, math.nan),
                self.by_sampler.get(g, math.nan),
            )
            for g in self
        ]
        return pd.DataFrame(rows, index=pd.Index(list(self), name="greek", dtype="str"), columns=columns)


_HEADINGS = ("greek", "value ± std_error", "estimator", "reason")
