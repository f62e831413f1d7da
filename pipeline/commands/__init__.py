"""The command line, one module a command: parse, call one function, render. Nothing heavy is imported at the top."""
