"""The HTTP service: parse, call the pipeline, serialise. Nothing is decided here that a library user would miss."""
