"""Lexical search: passages by their terms."""
