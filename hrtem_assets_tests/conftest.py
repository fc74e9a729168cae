"""Settings of all tests: hypothesis profile, devices, and tests only where what they need is there."""

import os
import shutil
from uuid import uuid4

import pytest
from hypothesis import settings

from hrtem_assets.backend.array_backend import Backend
from hrtem_assets.backend.choice import DeviceRequest, backend_for, cuda_problem
from hrtem_assets.waves.prismatic.environment import PrismaticNotFoundError, prismatic_python
from hrtem_assets_tests.backend.emulation import EmulatedBackend, no_compiler
from hrtem_assets_tests.s3_server import S3Server, running_server

# compiled functions are slow on their first call, so no deadline; CI draws the same examples in every run
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")

# small tasks gain nothing from worker processes; the tests of those ask for them
os.environ.setdefault("HRTEM_WORKERS", "1")


@pytest.fixture(params=["emulated", pytest.param("cuda", marks=pytest.mark.cuda)])
def backend(request) -> Backend:
    """A device: its kernels compiled for the processor, and the real one where there is one."""
    if request.param == "emulated":
        return EmulatedBackend()
    found = backend_for(DeviceRequest("cuda"))
    assert found is not None
    return found


@pytest.fixture(scope="session")
def s3_server():
    """A server that speaks S3, named in the environment as a user would name it."""
    with running_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        yield server


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    """URL of a new, empty bucket."""
    return s3_server.make_bucket(f"bucket-{uuid4().hex[:12]}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with files of slow tests, and skip tests of what is not installed here, with the reason."""
    # whoever runs several at once should not be left with the longest at the end
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    words = no_compiler()
    for item in items if words else []:
        if "emulated" in getattr(getattr(item, "callspec", None), "params", {}).values():
            item.add_marker(pytest.mark.skip(reason=words))
    for marker, reason in (("browser", _no_browser), ("prismatic", _no_prismatic), ("cuda", cuda_problem)):
        marked = [item for item in items if item.get_closest_marker(marker)]
        words = reason() if marked else ""
        for item in marked if words else []:
            item.add_marker(pytest.mark.skip(reason=words))


def _no_browser() -> str:
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)} (Debian: chromium, chromium-driver)" if missing else ""


def _no_prismatic() -> str:
    try:
        prismatic_python()
    except PrismaticNotFoundError as error:
        return str(error).partition(";")[0]
    return ""
