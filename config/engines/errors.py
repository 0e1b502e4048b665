"""The one error that the person at the console reads."""


class EngineError(Exception):
    """A sentence saying what is wrong and what to do, Chinese first."""
