"""Files in: the job file, checked whole, and the list of recipients, as a stream of checked rows.

jobfile.load(path) -> Job; rows.read(path, format) -> chunks for the spool. Nothing here sends or remembers.
"""
