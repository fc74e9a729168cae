"""The examples in docstrings run, and print what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import hrtem_assets

ROOT = Path(hrtem_assets.__file__).parent
MODULES = sorted(
    ".".join(("hrtem_assets", *path.relative_to(ROOT).with_suffix("").parts))
    for path in ROOT.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_right(name):
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert not result.failed


def test_the_transforms_and_the_engines_have_examples():
    examples = ("fft.factorisation", "fft.transforms", "waves.registry")
    assert {f"hrtem_assets.{name}" for name in examples} <= set(MODULES)
