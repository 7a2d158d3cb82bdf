"""Samplers: stateless maps from (seed, path, step, factor) to noise."""

from greeks.samplers.antithetic import Antithetic
from greeks.samplers.base import INDEPENDENT, Design, PointSet, Sampler
from greeks.samplers.importance import DriftShift, ImportanceSampling
from greeks.samplers.latin import LatinHypercube
from greeks.samplers.order import AverageBridge, BrownianBridge, Incremental, Order, PrincipalComponents
from greeks.samplers.philox import Philox
from greeks.samplers.sobol import Sobol

__all__ = [
    "INDEPENDENT",
    "Antithetic",
    "AverageBridge",
    "BrownianBridge",
    "Design",
    "DriftShift",
    "ImportanceSampling",
    "Incremental",
    "LatinHypercube",
    "Order",
    "Philox",
    "PointSet",
    "PrincipalComponents",
    "Sampler",
    "Sobol",
]
