"""Every public estimator with the arguments it is tried with, and the choices that a pilot makes of them."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import greeks as gk
from greeks.estimators.mean import Mean


@dataclass(frozen=True)
class Variant:
    """An estimator as it is asked for, and its short name in tables."""

    code: str
    estimator: gk.Estimator | gk.Blend | str
    says: str
    unbiased: bool = True
    orders: tuple[int, ...] = (1, 2)  # of derivatives; where arguments matter for one order only, the other is left out
    controls: Literal["auto"] | tuple[gk.ControlVariate, ...] = ()  # none, so that what is examined is the estimator
    sampler: gk.Sampler = field(default_factory=gk.Philox)

    def wanted(self, greeks: Iterable[str]) -> Any:
        """The argument `estimator`, by Greek: a single one leaves the price to the mean, which is always valid."""
        return {"price": Mean(), **dict.fromkeys(greeks, self.estimator)} if self.single else self.estimator

    @property
    def single(self) -> bool:
        """Whether it is one estimator, rather than a choice or a blend of several by a pilot."""
        return isinstance(self.estimator, gk.Estimator)

    def __str__(self) -> str:
        return self.code


# An estimator that is not here is tried as its class makes it without arguments, under the capitals of its name.
VARIANTS: Mapping[str, tuple[Variant, ...]] = {
    "Pathwise": (Variant("P", gk.Pathwise(), "`Pathwise()`: the derivative along every path"),),
    "LikelihoodRatio": (
        Variant("L", gk.LikelihoodRatio(), "`LikelihoodRatio()`: weights from the density of the path"),
    ),
    "Mixed": (
        Variant("LP", gk.Mixed(), "`Mixed()`: second order, the pathwise derivative of a likelihood ratio"),
        Variant(
            "PL",
            gk.Mixed(first="pathwise"),
            '`Mixed(first="pathwise")`: second order, the likelihood ratio of a pathwise derivative',
        ),
    ),
    "Conditional": (
        Variant("C", gk.Conditional(), "`Conditional()`: jumps integrated out, then pathwise"),
        Variant(
            "CM",
            gk.Conditional(second="mixed"),
            '`Conditional(second="mixed")`: second order, jumps integrated out, then mixed',
            orders=(2,),
        ),
    ),
    "Malliavin": (Variant("M", gk.Malliavin(), "`Malliavin()`: weights from the noise of all steps"),),
    "Vibrato": (Variant("V", gk.Vibrato(), "`Vibrato()`: pathwise up to the last step, a weight for that one"),),
    "Smoothed": (Variant("S", gk.Smoothed(), "`Smoothed()`: jumps made smooth, biased", unbiased=False),),
    "FiniteDifference": (
        Variant(
            "FD", gk.FiniteDifference(), "`FiniteDifference()`: a bump of 1 %, biased by its square", unbiased=False
        ),
    ),
}


DEFAULT = Variant(
    "default", "auto", '`estimator="auto"` with `controls="auto"`: what you get if you name neither', controls="auto"
)
SOBOL = Variant("sobol", "auto", "default settings over `Sobol()` points", controls="auto", sampler=gk.Sobol())
PILOTED = (
    Variant("auto", "auto", 'the choice of `estimator="auto"`, without controls'),
    Variant("blend", gk.Blend(), "`Blend()`"),
    DEFAULT,
    SOBOL,
)


def discovered() -> dict[str, type[gk.Estimator]]:
    """The public estimators by class name."""
    public = (getattr(gk, name) for name in gk.__all__)
    return {
        c.__name__: c for c in public if inspect.isclass(c) and issubclass(c, gk.Estimator) and c is not gk.Estimator
    }


def variants() -> Iterator[Variant]:
    """Each estimator as it is tried, then the choices by a pilot."""
    for name, kind in discovered().items():
        yield from VARIANTS.get(name) or (_plain(name, kind),)
    yield from PILOTED


def legend(codes: Collection[str]) -> str:
    """What the codes in a table stand for, as a table."""
    rows = [f"| **{v.code}** | {v.says} |" for v in variants() if v.code in codes]
    return "\n".join(["| code | `estimator=` |", "| --- | --- |", *rows])


def _plain(name: str, kind: type[gk.Estimator]) -> Variant:
    try:
        estimator = kind()
    except TypeError as e:
        raise LookupError(f"{name} needs arguments ({e}): add it to VARIANTS in {__name__}") from None
    return Variant("".join(c for c in name if c.isupper()), estimator, f"`{name}()`")
