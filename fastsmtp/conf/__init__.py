"""Settings: Postfix's parameters, main.cf, and our own names in the same style.

What a parameter is stands once, in the tables; what it is worth now is a `Settings`, which never changes.
"""

from fastsmtp.conf.settings import Settings

__all__ = ["Settings"]
