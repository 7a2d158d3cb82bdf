"""From folds to sources: stages, the table of what all paths share, noise, what a path costs."""
