"""The command line: a file a command, each reads its arguments, calls one function below and prints."""
