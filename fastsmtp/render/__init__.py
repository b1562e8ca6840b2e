"""One message for one recipient: the job's template, and its envelope sender, filled with a row's fields.

template.Template(message).render(values) -> bytes; verp.Sender(text).render(values) -> str. Neither touches a
file.
"""
