"""HTTP, the page and the command line: everything that faces people and other programs."""
