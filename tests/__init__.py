"""Tests; a package, so that every file of them has one name for mypy too."""
