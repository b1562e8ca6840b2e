"""Plain twins of the compiled modules: obvious, slow, and the specification that the fast ones are held against."""
