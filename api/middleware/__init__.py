"""Around each request: limits, keys, ids, logs."""
