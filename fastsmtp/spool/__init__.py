"""What survives: a job's recipients and the outcome of each, behind one interface (records.Spool).

Shard keeps them in SQLite, and all the SQL is in this room; NullSpool keeps nothing, to measure all the rest.
"""
