"""Copies of what lies at an address (pages of the web, folders of WebDAV and S3), which are read like files."""
