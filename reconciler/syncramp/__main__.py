"""``python -m syncramp`` is the command ``syncramp``."""

from syncramp.cli import main

if __name__ == "__main__":
    main()
