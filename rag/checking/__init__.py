"""Claim + evidence -> how far the evidence supports the claim."""
