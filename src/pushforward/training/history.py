"""The CSV of a training: one row at an interval, cut back to the saved position when a run resumes."""

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path


class History:
    """Rows of numbers under one heading, appended to a file.

    Args:
        path: the CSV file.
        position: bytes of it that belong to the state one resumes from; 0 starts anew.
    """

    def __init__(self, path: str | Path, position: int = 0) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self.path, "ab", buffering=0)  # noqa: SIM115 (closed by close)
        self._file.truncate(min(position, self._file.tell()))
        self._file.seek(0, os.SEEK_END)

    def append(self, row: Mapping[str, float]) -> None:
        """Write one row; the first one writes the heading too."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self._file.tell():
            writer.writerow(row)
        writer.writerow(f"{value:.9g}" for value in row.values())
        self._file.write(text.getvalue().encode())

    def sync(self) -> int:
        """Bring the rows to the disk; give the position to resume from."""
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
