"""Rebuilds as they are asked for and as they go: where the service, the worker and the command line meet."""
