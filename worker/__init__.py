"""Bulk rebuilding of the index beside the running service."""
