"""SASL mechanisms as the client speaks them, and which of them is used: bytes in, bytes out. No I/O, no
clock."""
