"""Existing distributed engines behind the same seams."""
