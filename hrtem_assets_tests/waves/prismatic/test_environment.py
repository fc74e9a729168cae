import pytest

from hrtem_assets.waves.prismatic.environment import VARIABLE, PrismaticNotFoundError, prismatic_python
from hrtem_assets_tests.waves.prismatic.interpreters import STAND_IN, interpreter

INIT = "from pyprismatic.params import Metadata"
HOW = ('conda create -n prismatic -c conda-forge "pyprismatic=2.*" h5py scipy', VARIABLE)
CASES = {
    "the STEM-only version of 2017": (
        {
            "pyprismatic/__init__.py": INIT,
            "pyprismatic/params.py": "class Metadata:\n    fields = ['algorithm', 'potBound', 'numFP']",
        },
        ["older than 2.0", "no HRTEM mode", "PyPI's pyprismatic 1.1.16", "2017"],
    ),
    "the unrelated package prismatic": (
        {"prismatic/__init__.py": ""},
        ["package `prismatic`, which is unrelated"],
    ),
    "nothing": ({}, ["no package `pyprismatic`"]),
    "2.0 without a package that it needs": (
        {"pyprismatic/__init__.py": "import h5py"},
        ["pyprismatic needs h5py, which is missing"],
    ),
    "2.0 without its library": (
        {"pyprismatic/__init__.py": "raise ImportError('libfftw3f.so.3: cannot open shared object file')"},
        ["cannot be imported", "libfftw3f.so.3"],
    ),
    "an interpreter that ends": (
        {"pyprismatic/__init__.py": "import os; os._exit(3)"},
        ["does not answer", "exit status 3"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_wrong_interpreter_has_its_own_error_that_says_how_to_install_2_0(case, tmp_path, monkeypatch):
    modules, words = CASES[case]
    python = interpreter(tmp_path / "env", modules)
    monkeypatch.setenv(VARIABLE, str(python))
    with pytest.raises(PrismaticNotFoundError) as caught:
        prismatic_python()
    missing = [w for w in (*words, str(python), *HOW) if w not in str(caught.value)]
    assert not missing, caught.value


def test_an_unset_variable_is_an_error_that_says_how_to_install_2_0(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(PrismaticNotFoundError, match="is not set") as caught:
        prismatic_python()
    assert not [w for w in HOW if w not in str(caught.value)]


def test_a_missing_interpreter_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "bin" / "python"))
    with pytest.raises(PrismaticNotFoundError, match="is not an executable file"):
        prismatic_python()


def test_what_prints_on_import_and_has_the_mode_is_accepted(tmp_path, monkeypatch):
    modules = {
        "pyprismatic/__init__.py": f"print('welcome')\n{INIT}",
        "pyprismatic/params.py": STAND_IN.format(go="pass"),
    }
    python = interpreter(tmp_path / "env", modules)
    monkeypatch.setenv(VARIABLE, str(python))
    assert prismatic_python() == python


def test_packages_meant_for_another_python_are_not_taken_for_its_own(tmp_path, monkeypatch):
    package = tmp_path / "elsewhere" / "pyprismatic"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv(VARIABLE, str(interpreter(tmp_path / "env", {})))
    with pytest.raises(PrismaticNotFoundError, match="no package `pyprismatic`"):
        prismatic_python()
