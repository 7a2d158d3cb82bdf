"""A book of options on a real volatility surface: `greeks demo`."""
