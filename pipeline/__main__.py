"""``python -m pipeline`` is the command ``transcribe``."""

from pipeline.cli.app import main

if __name__ == "__main__":
    main()
