"""Rooms: what one room imports of another is on the other's public face, the `__all__` of its `__init__`."""

import ast
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hrtem_assets"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def imports() -> dict[str, dict[str, set[str]]]:
    """By room that is imported from: what is named first after it, with the files outside the room that do so."""
    named: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or node.module is None:
                continue
            package, *inside = node.module.split(".")
            if package != "hrtem_assets" or not inside or path.is_relative_to(PACKAGE / inside[0]):
                continue
            room = inside.pop(0)
            for name in inside[:1] or [alias.name for alias in node.names]:
                named[room][name].add(path.relative_to(PACKAGE).as_posix())
    return named


NAMED = imports()


@pytest.mark.parametrize("room", ROOMS)
def test_other_rooms_import_only_what_is_on_the_face_of_a_room(room):
    face = set(import_module(f"hrtem_assets.{room}").__all__)
    hidden = {name: sorted(files) for name, files in NAMED[room].items() if name not in face}
    assert hidden == {}, (
        f"add it to __all__ of hrtem_assets/{room}/__init__.py, or import something that is there"
    )


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_on_a_face_is_imported_by_another_room(room):
    modules = {path.stem for path in (PACKAGE / room).glob("[!_]*")}
    face = set(import_module(f"hrtem_assets.{room}").__all__)
    assert modules & face <= NAMED[room].keys() | {"planes"}
