"""A fingerprint of this package's source code.

Kernels that are cached on disk take it as the default of their last parameter. It becomes part of the cache's key:
numba by itself only watches the file of the kernel, not the files of the code that is compiled into it.
"""

import zlib
from pathlib import Path


def _fingerprint() -> int:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return zlib.crc32(b"".join(path.read_bytes() for path in files))


SOURCES = _fingerprint()
