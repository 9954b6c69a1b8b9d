"""Streams: many texts in one request, a JSON object a line, and an answer a line.

Lines come in on one thread, in groups; a group is worked on at once, and its answers go out before the next
one is taken. Whoever reads slowly is therefore read from slowly, too: neither the body nor the answers are
ever held whole.
"""
