"""A price and its Greeks from one simulation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from greeks.errors import SchemaError
from greeks.notes import grouped
from greeks.results.estimate import Estimate
from greeks.results.table import as_html, plain

if TYPE_CHECKING:
    import os

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from greeks.verification import Verification


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
        return plain(self._title(), list(self.values()), self._notes())

    def _repr_html_(self) -> str:
        return as_html(self._title(), list(self.values()), self._notes())

    def _title(self) -> str:
        paths = max((estimate.paths for estimate in self.values()), default=0)
        facts = [self.payoff, self.model, self.scheme, self.sampler, self.backend]
        facts += [f"{paths:,} paths", f"seed {self.seed}", f"{self.elapsed:.2f} s"]
        return " | ".join(fact for fact in facts if fact)

    def _notes(self) -> list[str]:
        biases = ", ".join(f"{e.greek} {e.bias:.2g}" for e in self.values() if e.bias is not None)
        stopped = [f"warning: {self.warning}"] if self.stopped else []
        biased = [f"biased, which ± does not contain, by about: {biases}"] if biases else []
        told = grouped({e.greek: e.warnings for e in self.values()})
        return [*stopped, *biased, *(f"warning, {text}" for text in told)]


def _sum_of_known(terms: Iterable[float | None]) -> float | None:
    """The sum of the terms that are known; None if none is."""
    known = [term for term in terms if term is not None]
    return math.fsum(known) if known else None


def _number(known: float | None) -> float:
    return math.nan if known is None else known
