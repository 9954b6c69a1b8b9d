"""The calls, a blueprint for each resource."""
