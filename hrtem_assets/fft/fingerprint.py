"""Fingerprints of source code, for machine code that numba caches on disk.

A kernel that is cached takes its fingerprint as the default of its last parameter. So it becomes part of the cache's
key: numba by itself only watches the file of the kernel, not the files of the code that is compiled into it.
"""

import zlib
from pathlib import Path

from hrtem_assets.fft.lanes import LANES


def fingerprint(*folders: Path) -> int:
    """A number that changes with the sources of the transforms, with those in some folders, and with the lanes.

    Args:
        folders: where the other files are whose code is compiled into a kernel.
    """
    files = [path for folder in (Path(__file__).parent, *folders) for path in sorted(folder.glob("*.py"))]
    return zlib.crc32(b"".join(path.read_bytes() for path in files) + bytes([LANES]))


SOURCES = fingerprint()
