"""Observation of a running service: logs, metrics, spans, stored traces."""
