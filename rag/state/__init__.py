"""State of a service: API keys and jobs, in files or a shared database."""
