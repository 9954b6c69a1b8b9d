"""Everything that Nearcopy raises on purpose.

    NearcopyError
    +-- InputError            what was handed in cannot be used; says what to change
    |   +-- NoWords           a text without a single word
    +-- NotFound              no document of that id, or no collection of that name
    |   +-- NoIndex           the collection has lost its index: Redis came back without its data
    +-- ParametersMismatch    the index was built with other parameters
    +-- IndexFull             a partition has run out of numbers
    +-- StorageUnavailable    Redis does not answer; the same call works again once it does
"""

from __future__ import annotations


class NearcopyError(Exception):
    """The root: catch it to catch all of them."""


class InputError(NearcopyError):
    """Bad input. ``field`` names what is wrong ("text", "published_at"), the message says what to change."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NoWords(InputError):
    """A text in which there is no word at all: nothing could be compared."""


class NotFound(NearcopyError):
    """There is no document of that id in the collection, or no such collection."""


class NoIndex(NotFound):
    """A collection that was open has no index any more; opening it again creates it, or raises `NotFound`."""


class ParametersMismatch(NearcopyError):
    """The stored index was built with other parameters; the message names both."""


class IndexFull(NearcopyError):
    """A partition holds as many paragraphs or documents as its numbers can count."""


class StorageUnavailable(NearcopyError):
    """Redis cannot be reached or does not answer in time. Nothing was half done; try again later."""
