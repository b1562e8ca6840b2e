"""What a delivery came to: statuses, replies and what they mean, the action they ask for. No I/O, no
clock."""
