"""Question + passages -> the spans that answer, as a reader trained for this project finds them."""
