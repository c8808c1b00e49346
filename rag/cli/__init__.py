"""The command `rag`, one file for each sub-command."""
