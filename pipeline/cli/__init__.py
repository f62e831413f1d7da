"""The command transcribe: one module a command."""
