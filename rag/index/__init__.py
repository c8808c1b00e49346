"""Documents, their passages and the searches over them, kept in one folder: see `rag.index.local`."""
