"""Anthropic-compatible interface: messages over the documents, with citations of characters."""
