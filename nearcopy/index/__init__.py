"""The index in Redis: postings in packed pages, documents compressed, every write one atomic step.

`keys` describes every key. Nothing above this package knows how anything is laid out in Redis.
"""
