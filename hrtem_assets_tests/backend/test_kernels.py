"""Every kernel of the package, compiled as a device would get it, for every generation of devices that is supported."""

from pathlib import Path

import pytest

import hrtem_assets
from hrtem_assets.backend.array_backend import COMPILER_OPTIONS
from hrtem_assets_tests.backend.emulation import kernel_names
from hrtem_assets_tests.backend.nvrtc import compile_for, supported_architectures

OLDEST = 70
ROOT = Path(hrtem_assets.__file__).parent
SOURCES = sorted(ROOT.rglob("*.cu"))


def test_there_are_kernels_and_the_package_ships_them():
    assert SOURCES
    shipped = (ROOT.parent / "pyproject.toml").read_text()
    for source in SOURCES:
        assert kernel_names(source)
        assert f"{source.parent.relative_to(ROOT)}/*.cu" in shipped


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem)
def test_kernels_compile_without_a_warning_for_every_device(source):
    architectures = [a for a in supported_architectures() if a >= OLDEST]
    if not architectures:
        pytest.skip(
            "NVIDIA's compiler is not installed (pip install nvidia-cuda-nvrtc-cu12); no device is needed"
        )
    assert 90 in architectures
    for architecture in architectures:
        code, log = compile_for(source, architecture, COMPILER_OPTIONS)
        # the only thing to say is that a device is old
        assert all("deprecated" in line for line in log.splitlines()), log
        for name in kernel_names(source):
            assert name.encode() in code
