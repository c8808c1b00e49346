"""Traces of answers: collected, recorded, stored."""
