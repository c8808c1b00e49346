"""Question -> passages and evidence."""
