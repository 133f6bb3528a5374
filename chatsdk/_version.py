"""The version, for the user agent; pyproject.toml reads it from here."""

__version__ = "0.1.0"
