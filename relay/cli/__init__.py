"""The command line: arguments in, one call of a room, its answer out. The only place that prints.

Rooms are imported by the command that needs them, so that --help answers at once and reads no settings.
"""

from relay.cli import jobs, money, people, sandbox, setup, whole
from relay.cli.failure import main

__all__ = ["jobs", "main", "money", "people", "sandbox", "setup", "whole"]
