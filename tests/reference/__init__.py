"""Plain twins of the compiled modules: obvious, slow, and the specification for the fast ones."""
