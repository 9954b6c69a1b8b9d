"""Fairness: what a key may spend a minute, how much is at work at once, and how long anything may take."""
