"""Tables that ask a server: the asking. Connections, time limits, tries, and the wait for an answer.

A file a kind of server. What is asked, and what an answer means, is known in fastsmtp.lookup.
"""
