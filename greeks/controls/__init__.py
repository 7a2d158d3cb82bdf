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
from greeks.controls.twin import LognormalTwin

AUTOMATIC: tuple[ControlVariate, ...] = (
    GeometricAverage(),
    Average(),
    BasketEvent(),
    European(),
    Forward(),
    LognormalTwin(),
)

__all__ = [
    "AUTOMATIC",
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
    "Path",
]
