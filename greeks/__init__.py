"""Monte Carlo prices and Greeks: pathwise and likelihood-ratio, on Numba kernels.

>>> import greeks as gk
>>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
>>> payoff = gk.Call(strike=100.0, maturity=1.0)
>>> r = gk.sensitivities(model, payoff, ["delta", "vega"], paths=2**14, seed=42)
>>> sorted(r)
['delta', 'price', 'vega']
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from greeks.api import backends, explain, price, sensitivities
from greeks.arrival import when_imported
from greeks.controls import (
    Average,
    BasketEvent,
    ControlVariate,
    DeltaHedge,
    European,
    Forward,
    GeometricAverage,
    KnownPayoff,
    LognormalTwin,
    NoiseMoments,
    NoisePolynomials,
    RealisedVariance,
)
from greeks.engine.sampling.targets import Relative
from greeks.errors import DeviceError, EstimationError, GreeksError, SchemaError, UnsupportedError
from greeks.estimators import (
    Blend,
    Conditional,
    Estimator,
    FiniteDifference,
    LikelihoodRatio,
    Malliavin,
    Mixed,
    Pathwise,
    Smoothed,
    Vibrato,
)
from greeks.expressions.functions import (
    Scalar,
    absolute,
    cos,
    dot,
    exp,
    largest,
    log,
    maximum,
    mean,
    minimum,
    normal_cdf,
    sin,
    smallest,
    sqrt,
    tanh,
    total,
    where,
)
from greeks.models import CEV, Bachelier, BlackScholes, Heston, Model, MultiBlackScholes
from greeks.payoffs import (
    AsianCall,
    AsianPut,
    AssetOrNothingCall,
    AssetOrNothingPut,
    Autocallable,
    BarrierDigital,
    BarrierOption,
    BasketCall,
    BasketPut,
    BestOfCall,
    Call,
    CorridorDigital,
    DigitalCall,
    DigitalPut,
    ExchangeOption,
    LookbackCall,
    LookbackPut,
    NoTouch,
    OneTouch,
    Payoff,
    PhoenixAutocallable,
    Put,
    RangeAccrual,
    SpreadCall,
    WorstOfCall,
    WorstOfPut,
)
from greeks.results import Estimate, Explanation, Sensitivities
from greeks.samplers import (
    Antithetic,
    AverageBridge,
    BrownianBridge,
    ImportanceSampling,
    Incremental,
    LatinHypercube,
    Philox,
    PrincipalComponents,
    Sampler,
    Sobol,
)
from greeks.schemes import QE, Euler, Exact, Milstein, Multilevel, Richardson, Scheme

if TYPE_CHECKING:
    from greeks.engine.keeping.resume import merge
    from greeks.engine.keeping.saving import load
    from greeks.interop.quantlib import from_quantlib
    from greeks.portfolio import BookError, DeskUnits, Risk, load_market, net, read_risk, run
    from greeks.portfolio.scenarios import Shift, explain_pnl, ladder, scenario_grid, scenarios

__version__ = "0.1.0"
_LAZY = {
    "from_quantlib": "greeks.interop.quantlib",
    "BookError": "greeks.portfolio",
    "DeskUnits": "greeks.portfolio",
    "Risk": "greeks.portfolio",
    "load": "greeks.engine.keeping.saving",
    "load_market": "greeks.portfolio",
    "merge": "greeks.engine.keeping.resume",
    "net": "greeks.portfolio",
    "read_risk": "greeks.portfolio",
    "run": "greeks.portfolio",
    "Shift": "greeks.portfolio.scenarios",
    "explain_pnl": "greeks.portfolio.scenarios",
    "ladder": "greeks.portfolio.scenarios",
    "scenario_grid": "greeks.portfolio.scenarios",
    "scenarios": "greeks.portfolio.scenarios",
}

__all__ = [
    "CEV", "QE", "Antithetic", "AsianCall", "AsianPut", "AssetOrNothingCall", "AssetOrNothingPut", "Autocallable",
    "Average", "AverageBridge", "Bachelier", "BarrierDigital", "BarrierOption", "BasketCall", "BasketEvent",
    "BasketPut", "BestOfCall", "BlackScholes", "Blend", "BookError", "BrownianBridge", "Call", "Conditional",
    "ControlVariate", "CorridorDigital", "DeltaHedge", "DeskUnits", "DeviceError", "DigitalCall", "DigitalPut",
    "Estimate", "EstimationError", "Estimator", "Euler", "European", "Exact", "ExchangeOption", "Explanation",
    "FiniteDifference",
    "Forward", "GeometricAverage", "GreeksError", "Heston", "ImportanceSampling", "Incremental", "KnownPayoff",
    "LatinHypercube", "LikelihoodRatio", "LognormalTwin", "LookbackCall", "LookbackPut", "Malliavin", "Milstein",
    "Mixed", "Model", "MultiBlackScholes", "Multilevel", "NoTouch", "NoiseMoments", "NoisePolynomials", "OneTouch",
    "Pathwise", "Payoff", "Philox", "PhoenixAutocallable",
    "PrincipalComponents", "Put", "RangeAccrual", "RealisedVariance", "Relative", "Richardson", "Risk", "Sampler",
    "Scalar", "SchemaError", "Scheme", "Sensitivities", "Shift", "Smoothed", "Sobol", "SpreadCall", "UnsupportedError",
    "Vibrato", "WorstOfCall", "WorstOfPut", "absolute", "backends", "cos", "dot", "exp", "explain", "explain_pnl",
    "from_quantlib", "ladder", "largest", "load", "load_market", "log", "maximum", "mean", "merge", "minimum",
    "net", "normal_cdf", "price", "read_risk", "run", "scenario_grid", "scenarios", "sensitivities", "sin",
    "smallest", "sqrt", "tanh", "total", "where",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """pandas and Numba are imported when they are first needed."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'greeks' has no attribute {name!r}")


def _offer_accessor(pandas: Any) -> None:
    """`frame.greeks`, whichever of greeks and pandas is imported first."""
    register = pandas.api.extensions.register_dataframe_accessor("greeks")
    register(lambda frame: import_module("greeks.portfolio.accessor").Accessor(frame))


when_imported("pandas", _offer_accessor)
