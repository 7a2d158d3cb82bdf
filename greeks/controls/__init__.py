"""Control variates: samples of known mean on the same paths, whose noise is taken off what is estimated."""

from greeks.controls.average import Average
from greeks.controls.base import ControlVariate
from greeks.controls.basket import BasketEvent
from greeks.controls.european import European
from greeks.controls.forward import Forward
from greeks.controls.geometric import GeometricAverage
from greeks.controls.hedge import DeltaHedge
from greeks.controls.known import KnownPayoff
from greeks.controls.noise import NoiseMoments
from greeks.controls.path import Leg, Path
from greeks.controls.polynomials import NoisePolynomials
from greeks.controls.twin import LognormalTwin
from greeks.controls.variation import RealisedVariance

AUTOMATIC: tuple[ControlVariate, ...] = (
    GeometricAverage(),
    Average(),
    BasketEvent(),
    European(),
    Forward(),
    LognormalTwin(),
)
ON_LEVELS: tuple[ControlVariate, ...] = (*AUTOMATIC, NoisePolynomials(), RealisedVariance())

__all__ = [
    "AUTOMATIC",
    "ON_LEVELS",
    "Average",
    "BasketEvent",
    "ControlVariate",
    "DeltaHedge",
    "European",
    "Forward",
    "GeometricAverage",
    "KnownPayoff",
    "Leg",
    "LognormalTwin",
    "NoiseMoments",
    "NoisePolynomials",
    "Path",
    "RealisedVariance",
]
