"""What every test run shares: a compile cache of its own, no display, and reproducible random examples."""

from __future__ import annotations

import gc
import os

import hypothesis
import pytest

hypothesis.settings.register_profile("project", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs away from the user's cache, yet from one run to the next and for every worker."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    cache: pytest.Cache | None = getattr(config, "cache", None)  # none with -p no:cacheprovider
    if cache is not None:
        os.environ.setdefault("GREEKS_CACHE_DIR", str(cache.mkdir("greeks-programs")))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is imported and collected by now stays: looking for garbage in it is a tenth of the time of all tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
