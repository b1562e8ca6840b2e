"""TLS without sockets: what must be achieved with a host, the channel over memory, the verdict.

Bytes in, bytes out; time and tables are handed in. The only room that knows the TLS library.
"""
