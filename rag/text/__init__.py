"""Text -> sentences, terms, words and dates (pure)."""
