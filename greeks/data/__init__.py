"""Market data shipped with the package; its origin is stated in NOTICE.md beside it."""
