"""The numeric kernel: plain functions, arrays in and arrays out, compiled once and cached, holding no GIL.

Every function has an explicit signature, so importing a module compiles it (or loads it from the cache
beside the source) and no later call ever does. Numba looks for changes in a kernel's own file alone: whoever
edits what several files share (`mixing`, `gram_hashes`) removes ``kernel/__pycache__``.
"""
