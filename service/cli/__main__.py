"""``python -m service.cli`` is ``nearcopy``."""

from service.cli import main

main()
