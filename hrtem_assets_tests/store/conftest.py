"""Places of every kind for the tests of stores."""

import pytest

from hrtem_assets.store.files import store_path


@pytest.fixture(params=["folder", "memory", "s3"])
def place(request, tmp_path):
    """An empty place of each kind."""
    if request.param == "s3":
        return store_path(request.getfixturevalue("bucket") + "/a prefix")
    return store_path(str(tmp_path) if request.param == "folder" else f"memory://{tmp_path.name}")
