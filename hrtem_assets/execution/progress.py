"""Progress of a long materialization, in words."""

import time
from collections.abc import Callable


class Progress:
    """Counts finished rows and says how long the rest will take.

    Args:
        what: partition being made.
        total: rows wanted.
        done: rows already there.
        log: receives one line per call of `advance`.
        row_word: what a row is called.
    """

    def __init__(
        self, what: str, total: int, done: int, log: Callable[[str], None], row_word: str = "structure"
    ) -> None:
        self.what, self.total, self.done, self.log, self.row_word = what, total, done, log, row_word
        self.made, self.start = 0, time.monotonic()

    def advance(self, rows: int, seconds: float) -> None:
        """Report finished rows.

        Args:
            rows: how many.
            seconds: time that each took in its worker.
        """
        self.made += rows
        self.done += rows
        left = (time.monotonic() - self.start) / self.made * (self.total - self.done)
        self.log(
            f"{self.what}: {self.row_word} {self.done} of {self.total}, {seconds:.2f} s each, {duration(left)} left"
        )


def duration(seconds: float) -> str:
    """A duration in words: `45 s`, `12 min 5 s`, `7 h 12 min`, `3 d 4 h`."""
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    rest = round(seconds)
    parts: list[str] = []
    for name, size in units:
        amount, rest = divmod(rest, size)
        if amount or (name == "s" and not parts):
            parts.append(f"{amount} {name}")
    return " ".join(parts[:2])
