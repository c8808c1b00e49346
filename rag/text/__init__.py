"""Text -> sentences, terms and words (pure)."""
