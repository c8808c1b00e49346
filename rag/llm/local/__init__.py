"""A language model in this process, on llama.cpp."""
