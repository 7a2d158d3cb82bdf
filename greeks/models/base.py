"""What a model is: an Ito SDE, its parameters, its initial state and a discount factor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from greeks import fields
from greeks.expressions.functions import Scalar

State = tuple[Any, ...]


@dataclass(frozen=True)
class Model(ABC):
    """dX_i = a_i(t, X) dt + sum_j b_ij(t, X) dW_j, with X_i(0) the parameters named by `state`.

    A model is a frozen dataclass: its numeric fields are its parameters, each of which has Greeks. `drift` returns
    one a_i a state, `diffusion` one row a state and one column a Brownian motion. The methods are called once, with
    symbols: branch-free arithmetic and the functions of `greeks` (exp, maximum, where, ...).
    """

    state: ClassVar[tuple[str, ...]]  # the parameters that are the initial state
    nonnegative: ClassVar[tuple[str, ...]] = ()  # states that live on [0, inf) and may touch 0
    correlation_of: ClassVar[str] = ""  # the matrix parameter that correlates a vector of Brownian motions
    words: ClassVar[Mapping[str, str]] = {}  # the model's own names of Greeks, e.g. {"vega": "sigma"}

    def __post_init__(self) -> None:
        fields.check(self)

    @abstractmethod
    def drift(self, t: Scalar, x: State) -> State:
        """a_i(t, x), one a state."""

    @abstractmethod
    def diffusion(self, t: Scalar, x: State) -> tuple[State, ...]:
        """b_ij(t, x), one row a state, one column a Brownian motion."""

    @abstractmethod
    def discount(self, t: Scalar) -> Scalar:
        """Value at time 0 of one unit paid at time t (years)."""

    def transition(self, t: Scalar, dt: Scalar, x: State, z: State) -> State | None:
        """X(t + dt) from X(t) = x and standard normals z, one a Brownian motion, where known exactly; else None."""
        return None
