"""Takes rebuilds from the queue and runs them."""
