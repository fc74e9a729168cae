"""Progress of a long materialization, in words."""

import time
from collections.abc import Callable


class Progress:
    """Counts finished structures and says how long the rest will take.

    Args:
        what: partition being made.
        total: structures wanted.
        done: structures already there.
        log: receives one line per call of `advance`.
    """

    def __init__(self, what: str, total: int, done: int, log: Callable[[str], None]) -> None:
        self.what, self.total, self.done, self.log = what, total, done, log
        self.made, self.start = 0, time.monotonic()

    def advance(self, structures: int, seconds: float) -> None:
        """Report finished structures.

        Args:
            structures: how many.
            seconds: time that each took in its worker.
        """
        self.made += structures
        self.done += structures
        left = (time.monotonic() - self.start) / self.made * (self.total - self.done)
        self.log(
            f"{self.what}: structure {self.done} of {self.total}, {seconds:.2f} s each, {duration(left)} left"
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
