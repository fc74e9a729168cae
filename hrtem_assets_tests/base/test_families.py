import importlib
import sys

import pytest

from hrtem_assets.base.families import family


class Shared:
    name: str


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder of modules, each written from its text, as an imported package."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "members_of_a_test"
    folder.mkdir()

    def make(**texts):
        (folder / "__init__.py").write_text("")
        for name, text in texts.items():
            (folder / f"{name}.py").write_text(f"from {__name__} import Shared\n\n\n{text}")
        for loaded in [n for n in sys.modules if n.startswith(folder.name)]:
            monkeypatch.delitem(sys.modules, loaded)
        importlib.invalidate_caches()
        return importlib.import_module(folder.name)

    return make


def test_members_come_by_name_and_in_its_order_whatever_their_files_are_called(package):
    made = package(a="class Zebra(Shared):\n    name = 'zebra'\n", b="class Ant(Shared):\n    name = 'ant'\n")
    assert [(name, member.__name__) for name, member in family(made, Shared).items()] == [
        ("ant", "Ant"),
        ("zebra", "Zebra"),
    ]


def test_a_module_without_a_member_is_refused_by_name(package):
    with pytest.raises(TypeError, match=r"members_of_a_test\.a must define one class below Shared, not none"):
        family(package(a=""), Shared)


def test_a_module_with_two_members_is_refused(package):
    text = "class A(Shared):\n    name = 'a'\n\n\nclass B(Shared):\n    name = 'b'\n"
    with pytest.raises(TypeError, match="one class below Shared, not A, B"):
        family(package(a=text), Shared)


def test_a_name_that_is_taken_is_refused_with_both_modules(package):
    text = "class A(Shared):\n    name = 'same'\n"
    with pytest.raises(TypeError, match=r"test\.b and .*test\.a both define 'same'"):
        family(package(a=text, b=text), Shared)
