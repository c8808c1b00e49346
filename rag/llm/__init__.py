"""Language models behind the `LanguageModel` Protocol."""
