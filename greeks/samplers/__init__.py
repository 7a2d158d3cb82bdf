"""Samplers: stateless maps from (seed, path, step, factor) to noise."""

from greeks.samplers.base import Sampler
from greeks.samplers.philox import Philox

__all__ = ["Philox", "Sampler"]
