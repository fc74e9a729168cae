"""Families: classes of which a folder's modules define one each, so that a new one is a new file and no list grows."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType
from typing import Any


def member_names(package: str) -> tuple[str, ...]:
    """The names of a package's modules, in order; none of them is imported.

    Args:
        package: its dotted name.
    """
    spec = find_spec(package)
    return tuple(sorted(info.name for info in iter_modules(spec.submodule_search_locations if spec else [])))


def family(package: ModuleType, base: type) -> dict[str, Any]:
    """The classes below `base` that the modules of a package define, by their `name`, in order of names.

    Args:
        package: imported already; all its modules are imported.
        base: what the classes share.

    Raises:
        TypeError: if a module defines none or several of them, or two modules define the same name.
    """
    members: dict[str, Any] = {}
    for info in iter_modules(package.__path__):
        module = import_module(f"{package.__name__}.{info.name}")
        defined: list[Any] = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
        ]
        if len(defined) != 1:
            names = ", ".join(c.__name__ for c in defined) or "none"
            raise TypeError(f"{module.__name__} must define one class below {base.__name__}, not {names}")
        (member,) = defined
        if member.name in members:
            other = members[member.name].__module__
            raise TypeError(f"{member.__module__} and {other} both define {member.name!r}; rename one")
        members[member.name] = member
    return dict(sorted(members.items()))
