"""What can be known of CuPy where it is installed and no device is: that everything asked of it is there."""

import inspect
import re
from pathlib import Path

import pytest

import hrtem_assets
from hrtem_assets.backend.choice import cuda_problem

ROOT = Path(hrtem_assets.__file__).parent


@pytest.fixture(scope="module")
def cupy():
    return pytest.importorskip("cupy", reason="CuPy is not installed (pip install 'hrtem-assets[gpu]')")


def asked(pattern):
    """Names that follow a pattern in the code of devices."""
    folders = (ROOT / "backend", ROOT / "waves", ROOT / "imaging")
    text = "\n".join(p.read_text() for folder in folders for p in folder.rglob("*.py"))
    return sorted(set(re.findall(pattern, text)))


def test_every_function_of_the_array_namespace_is_there(cupy):
    names = asked(r"\bxp\.(\w+)")
    assert "searchsorted" in names
    assert [n for n in names if not hasattr(cupy, n)] == []


def test_every_thing_of_cupy_that_the_backend_names_is_there(cupy):
    names = asked(r"\bcupy\.([\w.]+)")
    assert "RawModule" in names
    for name in names:
        found = cupy
        for part in name.split("."):
            found = getattr(found, part)


def test_keywords_are_those_that_cupy_takes(cupy):
    from cupyx.scipy.fft import get_fft_plan
    from cupyx.scipy.ndimage import gaussian_filter

    for function, keywords in (
        (cupy.argsort, {"kind"}),
        (cupy.searchsorted, {"side"}),
        (cupy.array, {"order"}),
        (cupy.var, {"dtype"}),
        (get_fft_plan, {"axes", "value_type"}),
        (gaussian_filter, {"mode"}),
    ):
        assert keywords <= set(inspect.signature(function).parameters), function


def test_the_backend_is_importable_without_a_device(cupy):
    from hrtem_assets.backend.cuda import CudaBackend

    assert CudaBackend.xp is cupy
    assert cuda_problem() == "" or "install" in cuda_problem() or "check" in cuda_problem()
