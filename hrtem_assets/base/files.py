"""Files that users name: found and read in a bounded way, and every reason why that fails in words."""

import errno
import os
import stat
from pathlib import Path

from hrtem_assets.base.errors import HrtemError

_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
    stat.S_ISSOCK: "a socket",
}
# a path of usual length stays whole: its end is the name of the file
_LONGEST_SHOWN = 250


class FileError(HrtemError, ValueError):
    """A file that is named but cannot be read; the message says which and why."""


def shown(text: str) -> str:
    """Text in quotes for a message: what does not print is escaped, and of an endless one its beginning is shown."""
    if len(text) <= _LONGEST_SHOWN:
        return repr(text)
    return f"{text[:_LONGEST_SHOWN]!r}... ({len(text):,} characters)"


def find_file(path: Path) -> Path | None:
    """The absolute path of a regular file; None if nothing is there.

    Args:
        path: as a user wrote it; `~` stands for the home folder.

    Raises:
        FileError: if it is something else than a file, or no name that a file can have.
    """
    try:
        path = path.expanduser().resolve()
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileError(f"{shown(str(path))}: {_reason(error)}") from None
    except (ValueError, RuntimeError) as error:
        # a NUL in the name, the home of an unknown user, links in a circle
        raise FileError(f"{shown(str(path))} is not a file name: {error}") from None
    if not stat.S_ISREG(mode):
        kind = next((words for is_kind, words in _KINDS.items() if is_kind(mode)), "something else")
        raise FileError(f"{shown(str(path))} is {kind}, not a file; name a file")
    return path


def read_file(path: Path, most_bytes: int) -> bytes:
    """The content of a file that is not larger than it may be.

    Args:
        path: from `find_file`.
        most_bytes: size above which it is refused.

    Raises:
        FileError: if it is larger, or must not be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise FileError(f"{shown(str(path))}: {_reason(error)}") from None
    if len(content) > most_bytes:
        size = max(path.stat().st_size, len(content))
        raise FileError(
            f"{shown(str(path))} has {size:,} bytes; at most {most_bytes:,} are read: make it smaller"
        )
    return content


def _reason(error: OSError) -> str:
    if error.errno == errno.ENAMETOOLONG:
        return "longer than a file's name may be (255 bytes in a folder, 4096 in all); shorten it"
    if isinstance(error, PermissionError):
        return "may not be read by this user; change its permissions (chmod +r)"
    return os.strerror(error.errno) if error.errno else str(error)
