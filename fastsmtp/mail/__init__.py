"""Values that every room speaks of: addresses, recipients, outcomes' subjects. No I/O, no clock."""
