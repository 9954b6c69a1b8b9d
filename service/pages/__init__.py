"""The pages that people use in a browser. They are no calls of the API, and not in its description."""

from service.pages import archive, assets, changing, checking, documents, front, keeping, signing
from service.pages.blueprint import blueprint

__all__ = [
    "archive", "assets", "blueprint", "changing", "checking", "documents", "front", "keeping", "signing",
]
