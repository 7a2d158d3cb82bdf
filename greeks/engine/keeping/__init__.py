"""What is done with a result later: saved, gone on with, merged, verified."""
