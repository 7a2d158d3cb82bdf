"""Which standard error is wanted of which number, and how far a run is from it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from greeks.engine.sampling.reading import Reading
from greeks.errors import SchemaError, UnsupportedError
from greeks.figures import with_error
from greeks.results import Estimate

BLIND = 2**24  # paths after which a number that was 0 on all of them is not looked for any longer
OPTIMISM = 2.0  # standard errors by which a number may be larger than it looks


@dataclass(frozen=True)
class Relative:
    """std_error <= max(share |value|, floor): an error in proportion to the number itself.

    Parameters
    ----------
    share : of the number's size, strictly between 0 and 1.
    floor : an error, in the number's own unit, that is small enough whatever the number: without one, no error is small
        enough for a number whose truth is 0.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5)
    >>> price = gk.price(model, gk.AsianCall(100.0, 1.0, 12), std_error=gk.Relative(2e-3), paths=2**13)
    >>> price.std_error < 2e-3 * price.value
    True
    """

    share: float
    floor: float = 0.0

    def __post_init__(self) -> None:
        for field, most in zip(fields(self), (1.0, math.inf), strict=True):
            value = getattr(self, field.name)
            least = value >= 0.0 if field.name == "floor" and is_real(value) else is_positive(value)
            if not (least and value < most):
                expected = "a number strictly between 0 and 1" if most == 1.0 else "a finite number >= 0"
                raise SchemaError(f"Relative.{field.name} = {value!r}: expected {expected}, such as 1e-3")


Target = float | Relative
Wanted = Target | Mapping[str, Target]


def check_targets(wanted: object) -> None:
    """Refuse targets that are none."""
    targets = wanted if isinstance(wanted, Mapping) else {"": wanted}
    for name, target in targets.items():
        if not isinstance(target, Relative) and not is_positive(target):
            field = f"std_error[{name!r}]" if name else "std_error"
            raise SchemaError(
                f"{field} = {target!r}: expected a finite number > 0, the error you can accept, or greeks.Relative"
            )


def targets_of(readings: Sequence[Reading], wanted: Wanted | None) -> dict[str, Target]:
    """A target for each number that has one; "delta" means every element of a delta that is a vector."""
    if wanted is None:
        return {}
    names = [r.greek for r in readings]
    found: dict[str, Target] = {}
    for name, target in wanted.items() if isinstance(wanted, Mapping) else [(n, wanted) for n in names]:
        meant = [n for n in names if n == name or n.startswith(f"{name}[")]
        if not meant:
            raise SchemaError(f"std_error names {name!r}, which is not estimated; there are {', '.join(names)}")
        found |= dict.fromkeys(meant, target)
    return found


def absolute_targets_of(readings: Sequence[Reading], wanted: Wanted | None, by: str) -> dict[str, float]:
    """As `targets_of`, for what cannot aim at errors in proportion to numbers that it does not know yet."""
    found: dict[str, float] = {}
    for name, target in targets_of(readings, wanted).items():
        if isinstance(target, Relative):
            raise UnsupportedError(
                f"std_error of {name!r} = {target!r}: {by} takes absolute errors only; multiply the share by the size "
                "of the number, as a short run gives it"
            )
        found[name] = target
    return found


def allowed(target: Target, value: float) -> float:
    """The standard error that a target allows a number of this value."""
    return max(target.share * abs(value), target.floor) if isinstance(target, Relative) else float(target)


@dataclass(frozen=True)
class Distance:
    """How far numbers are from their targets.

    worst : the largest std_error / allowed; at most 1 where all targets hold, infinite where a number was 0 on every
        path so far, so that nothing is known of its size.
    least : the same if every number is as large as it may well be.
    missed : what to tell of each target that does not hold.
    """

    worst: float
    least: float
    missed: tuple[str, ...]

    @classmethod
    def of(
        cls, estimates: Mapping[str, Estimate], targets: Mapping[str, Target], random: Mapping[str, bool]
    ) -> Distance:
        """`random`: whether a number's sample differs from path to path."""
        worst = least = 0.0
        missed = []
        for name, target in targets.items():
            e = estimates[name]
            if not (math.isfinite(e.value) and math.isfinite(e.std_error)):
                continue  # no number of paths makes a number of it
            limit = allowed(target, e.value)
            ratio = e.std_error / limit if limit else math.inf if random[name] else 0.0
            worst = max(worst, ratio)
            best = allowed(target, abs(e.value) + OPTIMISM * e.std_error)
            least = max(least, e.std_error / best if best else ratio)
            if ratio > 1.0:
                missed.append(f"{name} {with_error(e.value, e.std_error)}, wanted ± {limit:.2g}")
        return cls(worst, least, tuple(missed))


def is_real(value: object) -> bool:
    """Whether it is a finite real number, and no truth value."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def is_positive(value: object) -> bool:
    """Whether it is a finite real number > 0."""
    return isinstance(value, numbers.Real) and is_real(value) and float(value) > 0.0
