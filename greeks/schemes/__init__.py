"""Schemes: discretisations of a model. One a file."""

from greeks.schemes.base import Scheme
from greeks.schemes.euler import Euler
from greeks.schemes.exact import Exact
from greeks.schemes.milstein import Milstein
from greeks.schemes.multilevel import Multilevel
from greeks.schemes.qe import QE
from greeks.schemes.richardson import Richardson

__all__ = ["QE", "Euler", "Exact", "Milstein", "Multilevel", "Richardson", "Scheme"]
