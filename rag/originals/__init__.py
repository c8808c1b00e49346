"""The files behind documents, as a person sees them: bytes, pictures of pages, and places on them."""
