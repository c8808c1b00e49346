"""PDF files -> blocks."""
