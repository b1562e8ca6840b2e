"""Deliveries: one request at a time from hosts to outcomes, and the content of its transaction."""
