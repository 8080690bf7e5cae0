"""A program of its own that holds a SQLite file's write lock: python -m tests.core.db.holder FILE.

It says "held" once it has the lock, lets go at the first line that it reads, and says "released".
"""

from __future__ import annotations

import sqlite3
import sys


def main(path: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    sys.stdin.readline()
    connection.execute("COMMIT")
    connection.close()
    print("released", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
