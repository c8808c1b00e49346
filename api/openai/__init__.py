"""What clients of OpenAI's API find here: chat completions over the documents, models, embeddings."""
