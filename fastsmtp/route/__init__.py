"""From a next-hop to the addresses to connect to, in order: next-hop syntax, MX and address lookups, caching
by TTL.
"""
