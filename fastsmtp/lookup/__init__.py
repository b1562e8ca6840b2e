"""Lookup tables `type:name`, lists of them, and pattern lists: a question, then found, not found or an error.

A file a type. Tables are read into memory when they are opened; nothing here waits for a network.
"""

from fastsmtp.lookup.maps import Maps
from fastsmtp.lookup.opening import open_table
from fastsmtp.lookup.table import Table

__all__ = ["Maps", "Table", "open_table"]
