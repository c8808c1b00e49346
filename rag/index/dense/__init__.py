"""Dense search: passages by their vectors."""
