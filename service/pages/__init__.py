"""The pages that people use in a browser. They are no calls of the API, and not in its description."""

from service.pages import assets, front, signing
from service.pages.blueprint import blueprint

__all__ = ["assets", "blueprint", "front", "signing"]
