"""Routes, one file for each part of the HTTP interface."""
