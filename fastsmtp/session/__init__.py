"""SMTP sessions: all the sockets. A Session joins one TCP connection to one protocol engine; the cache keeps
idle ones.
"""
