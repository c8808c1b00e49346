"""Files -> documents: discovery, one reader for each family of formats, one normalised text."""
