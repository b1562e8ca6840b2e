"""The compiled modules: bytes for the wire and bytes from it. No I/O, no clock, no settings.

Bodies are in ext/NAME.pyx; here are their faces: NAME.pxd for Cython, NAME.pyi for Python.
"""
