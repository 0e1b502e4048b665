"""The engines Kean brings along: PostgreSQL and Valkey on one machine, and the processes on top of them.

Only the standard library is used here, so that the process everything hangs on is small
and starts before anything else is known to work. Production on several machines names its
own engines by DATABASE_URL and REDIS_URL; nothing else in the code asks which of the two it is.
"""

from .embedded import Engines
from .errors import EngineError

__all__ = ["EngineError", "Engines"]
