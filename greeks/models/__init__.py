"""Models: SDEs with named parameters. One a file."""

from greeks.models.bachelier import Bachelier
from greeks.models.base import Model
from greeks.models.black_scholes import BlackScholes
from greeks.models.cev import CEV
from greeks.models.heston import Heston
from greeks.models.multi_black_scholes import MultiBlackScholes

__all__ = ["CEV", "Bachelier", "BlackScholes", "Heston", "Model", "MultiBlackScholes", "registry"]


def registry() -> dict[str, type[Model]]:
    """The built-in models by class name."""
    return {m.__name__: m for m in (BlackScholes, Bachelier, CEV, Heston, MultiBlackScholes)}
