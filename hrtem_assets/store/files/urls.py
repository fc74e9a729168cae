"""Paths and URLs of folders and buckets."""

import re
from importlib.util import find_spec
from pathlib import Path

from upath import UPath

from hrtem_assets.store.errors import StoreError

StorePath = Path | UPath

# by protocol: module that speaks it, and our extra that installs it. All create an object only where there is none.
_SPOKEN = {
    **dict.fromkeys(("s3", "s3a"), ("s3fs", "s3")),
    **dict.fromkeys(("gs", "gcs"), ("gcsfs", "gcs")),
    **dict.fromkeys(("az", "abfs", "abfss"), ("adlfs", "azure")),
    "memory": ("fsspec", ""),
}
# of a URL: queries, fragments, escapes, chains and patterns
_ODD = re.compile(r"[^A-Za-z0-9\-_.+=/:@!~ ]|::")


def store_path(text: str) -> StorePath:
    """The folder or object store that a path or URL names.

    Args:
        text: a path, or a URL such as `s3://bucket/prefix`.

    Raises:
        StoreError: if the protocol is unknown, its package is missing, or no bucket is named.
    """
    protocol, separator, rest = text.partition("://")
    if not separator or protocol in ("file", "local"):
        return Path(rest if separator else text).expanduser().resolve()
    if protocol not in _SPOKEN:
        raise StoreError(
            f"{text}: stores cannot lie at {protocol}://; name a folder, or a URL that begins with one of "
            f"{', '.join(f'{p}://' for p in _SPOKEN)}"
        )
    package, extra = _SPOKEN[protocol]
    if find_spec(package) is None:
        raise StoreError(
            f"{text} needs the package {package}; install it with: pip install 'hrtem-assets[{extra}]'"
        )
    if odd := _ODD.search(rest):
        raise StoreError(
            f"{text!r} holds {odd.group()!r}, which object stores or their URLs read as something else; use "
            f"letters, digits, blanks and - _ . + = / : @ ! ~ alone"
        )
    if not rest.strip("/"):
        raise StoreError(f"{text} names no bucket; name one, and a prefix in it if you like")
    # other processes write: what a listing showed once says nothing later
    return UPath(text.rstrip("/"), use_listings_cache=False)
