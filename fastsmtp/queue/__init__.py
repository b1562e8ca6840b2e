"""Who is next: a queue per destination with its concurrency window, and the turn-taking between them. No I/O,
no clock.
"""
