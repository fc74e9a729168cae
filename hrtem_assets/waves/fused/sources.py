"""A fingerprint of this package's source code and of the lanes it is compiled for.

Kernels that are cached on disk take it as the default of their last parameter. It becomes part of the cache's key:
numba by itself only watches the file of the kernel, not the files of the code that is compiled into it.
"""

import zlib
from pathlib import Path

from hrtem_assets.waves.fused.simd import LANES


def _fingerprint() -> int:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return zlib.crc32(b"".join(path.read_bytes() for path in files) + bytes([LANES]))


SOURCES = _fingerprint()
