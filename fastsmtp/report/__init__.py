"""Files that go out: the results, log lines in Postfix's form."""
