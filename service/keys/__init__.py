"""API keys: who may call, what, and in which collections."""
