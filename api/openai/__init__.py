"""OpenAI-compatible interface: chat completions over the documents, models, embeddings."""
