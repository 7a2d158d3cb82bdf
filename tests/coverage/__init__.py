"""Do 95 % intervals hold the truth? For every model, payoff, Greek and estimator on offer.

`cases` says what is tried, `estimators` with what, `offers` what of it the library offers, `truths` what is true,
`intervals` how often intervals hold it, `known` which do not and why; `matrix` and `report` write docs pages of it.
"""
