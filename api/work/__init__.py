"""Blocking work beside the event loop: threads, relays, uploads, clients that disconnect."""
