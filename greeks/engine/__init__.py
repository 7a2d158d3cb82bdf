"""From a request to numbers: contract, plan, program, run."""
