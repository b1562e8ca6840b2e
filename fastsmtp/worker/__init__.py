"""The loop: from the spool to the queue, from the queue to deliveries, and their outcomes back to spool and
reports.
"""
