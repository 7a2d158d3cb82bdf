"""Which estimator for which number, and with which controls: offers, pilots, decisions, and the plan they end in."""
