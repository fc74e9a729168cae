"""Places of every kind for the tests of stores."""

import pytest

from hrtem_assets.store.places import place_at


@pytest.fixture(params=["folder", "memory", "s3"])
def place(request, tmp_path):
    """An empty place of each kind."""
    if request.param == "s3":
        return place_at(request.getfixturevalue("bucket") + "/a prefix")
    return place_at(str(tmp_path) if request.param == "folder" else f"memory://{tmp_path.name}")
