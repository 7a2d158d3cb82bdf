"""What the fields of models and payoffs may hold: declared on the field, all complaints at once.

A model or a payoff is a frozen dataclass; a constraint is the default of its field::

    @dataclass(frozen=True)
    class BlackScholes(Model):
        spot: Scalar = positive()
        rate: Scalar = real()
        volatility: Scalar = non_negative()
        dividend: Scalar = real(default=0.0)

A field without ``default=`` stays required. ``default=None`` or ``optional=True`` makes None a legal value.
"""

from __future__ import annotations

from greeks.fields.checking import check, constraint_of, problems
from greeks.fields.constraint import Constraint, Rule
from greeks.fields.correlation import correlation_matrix
from greeks.fields.dates import date_grid
from greeks.fields.scalars import between, choice, flag, non_negative, positive, real, whole
from greeks.fields.values import as_bool, as_float, as_matrix, as_vector, finite, shown
from greeks.fields.vectors import non_negative_vector, positive_vector, vector

__all__ = [
    "Constraint",
    "Rule",
    "as_bool",
    "as_float",
    "as_matrix",
    "as_vector",
    "between",
    "check",
    "choice",
    "constraint_of",
    "correlation_matrix",
    "date_grid",
    "finite",
    "flag",
    "non_negative",
    "non_negative_vector",
    "positive",
    "positive_vector",
    "problems",
    "real",
    "shown",
    "vector",
    "whole",
]
