"""Processes: a crew of workers that share a job, and the worker process itself."""
