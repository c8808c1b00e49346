"""Question + evidence -> the parts of an answer."""
