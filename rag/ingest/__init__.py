"""Files -> documents, passages and vectors in an index."""
