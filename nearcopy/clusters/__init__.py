"""Clusters of copies over a whole archive: verified pairs, and the groups that hold together."""
