"""A body on its way: whether all of it came, and in time."""

from __future__ import annotations

import math
import time

from flask import Request, current_app
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_input_stream

from service.problems import BAD_REQUEST, TOO_SLOW, Refused

SECONDS = "BODY_SECONDS"
"""What an application's configuration calls the time that a body may take."""


class Arriving:
    """The body of a request as a stream. At its end it refuses one that took longer than the setting
    allows, or that is shorter than announced.

    Whoever sends too slowly is hung up on (`service.limits.slow`), and whoever leaves is gone. The server
    shows both as the end of the body, and what came until then may look whole.
    """

    def __init__(self, request: Request) -> None:
        self._stream = get_input_stream(request.environ)
        self._announced = request.content_length or 0
        self._came = 0
        self._seconds: float = current_app.config.get(SECONDS, math.inf)
        self._began = time.monotonic()

    def read(self, size: int) -> bytes:
        """The next bytes, at most so many; none at the end."""
        try:
            part: bytes = self._stream.read(size)
        except ClientDisconnected:
            # Other servers than granian show it
            part = b""
        self._came += len(part)
        if not part:
            self._judge()
        return part

    def _judge(self) -> None:
        if time.monotonic() - self._began > self._seconds:
            raise Refused(TOO_SLOW, f"send the body in {self._seconds:g} seconds")
        if self._came < self._announced:
            detail = f"the body ended after {self._came} of {self._announced} bytes: send it whole"
            raise Refused(BAD_REQUEST, detail)
