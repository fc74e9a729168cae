"""Campaign files by chance: small valid ones with some settings, names or characters replaced."""

import copy
import math
import random
from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel

from hrtem_assets.campaign import Campaign
from hrtem_assets_tests.small import SETTINGS

CIF = "beside.cif"
"""A CIF that campaigns may name, in their own folder."""

CU = {"element": "Cu", "position": [0, 0, 0]}
ALONE: dict[str, Any] = {
    "name": "alone",
    "seed": 1,
    "counts": {"train": 1, "validation": 0},
    "lattices": {"Cu": {"space_group": 225, "a": 3.6157, "sites": [CU]}},
    "sizes": {"tiny": {"radius_min_a": 5, "radius_max_a": 6}},
    "conditions": [{"defocus_nm": -10, "dose_e_per_a2": 400}, {"defocus_nm": 5, "dose_e_per_a2": 75}],
    "substrate": {"thickness_min_a": 8, "thickness_max_a": 10},
    "placement": {"count_max": 2},
    "simulation": {"cell_a": 38.4, "sampling_a": 0.2, "slice_thickness_a": 2.0, "frozen_phonons": 1},
    "series": {"s": {"specimens": ["Cu-tiny"], "conditions": [{"defocus_nm": -10, "dose_e_per_a2": 400}]}},
    "engines": {"Cu-tiny": "fused"},
    "max_stacking_faults": {"Cu-tiny": 0},
}
EXTENDING: dict[str, Any] = {"extends": "demo", **SETTINGS}

NAMES = (
    *(
        "no",
        "on",
        "y",
        "225",
        "1e5",
        "null",
        "~",
        "true",
        "0400",
        "",
        " ",
        ".",
        "..",
        "a..b",
        "a.",
        "a+",
        "-a",
        "A-b",
    ),
    *(
        "CON",
        "nul.x",
        "CU",
        "Tiny",
        "images",
        "specimens",
        "class",
        "type",
        "a.b",
        "a/b",
        "../x",
        "ä",
        "a b",
        "a\nb",
        "x\t",
    ),
    *(
        "A" * 64,
        "A" * 65,
        "A" * 300,
        "\u202e",
        "𝔘",
        "<<",
        "%41",
        "a?b",
        "$(x)",
        "__proto__",
        "__init__",
        "sites",
        "a",
    ),
)
ODD: tuple[Any, ...] = (
    *(
        True,
        False,
        None,
        "",
        "5",
        "yes",
        "no",
        "x" * 10_000,
        [],
        {},
        [[]],
        [1, 2],
        {"a": 1},
        "\u202e",
        "1/3",
        "075",
    ),
    *(0, -1, 1, 2, 3, 1e3, 0.5, -0.0, 1e-300, 1e300, 1e-7, 10**30, 2**63, 2**63 - 1, -(2**63)),
    *(math.nan, math.inf, -math.inf, 1 / 3, 5.0, 1e5, 0.1 + 0.2),
)
TOKENS = (
    *(
        "075",
        "-010",
        "0400",
        "1:30",
        "1_000",
        "0x1F",
        "0o17",
        "0b1",
        ".5",
        "5.",
        "1e3",
        "12e03",
        "~",
        "yes",
        "on",
        "'5'",
    ),
    *(
        "1e400",
        "-1e400",
        ".inf",
        ".nan",
        "+7",
        "--7",
        "1e",
        "9" * 99,
        "9" * 101,
        "9" * 5000,
        "!!int 5",
        "&x 5",
        "*x",
        "<<",
    ),
    *(
        "2024-01-01",
        "[1",
        "{a: 1",
        "'",
        '"',
        "|",
        ">",
        "# ",
        "? ",
        "- ",
        ": ",
        "---",
        "...",
        "%YAML 1.1",
        "\t",
        "\\",
        "@",
    ),
)
CHARACTERS = "\t\n\r\0\x07\x85\u2028\ufeff\ufffd'\"[]{}&*#?|<>=!%@`,:-+.09aé𝔘\\ "


def campaign_file(number: int) -> bytes:
    """The file that a number stands for; the same in every process.

    Args:
        number: which.
    """
    chance = random.Random(number)
    data = copy.deepcopy(chance.choice((ALONE, ALONE, EXTENDING)))
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        chance.choice(_CHANGES)(data, chance)
    text = yaml.safe_dump(
        data, allow_unicode=chance.random() < 0.5, sort_keys=False, width=chance.choice((80, 1000))
    )
    if chance.random() < 0.2:
        for _ in range(chance.choice((1, 1, 2, 5))):
            text = chance.choice(_EDITS)(text, chance)
    content = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.05:
        content = chance.choice(_ENCODINGS)(text, content, chance)
    return content


def _leaves(model: type[BaseModel], path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    """Path, annotation and field of every setting of a model, also within its lists and mappings."""
    for name, info in model.model_fields.items():
        yield from _within(info.annotation, (*path, name), info)


def _within(annotation: Any, path: tuple[Any, ...], info: Any) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    yield path, annotation, info
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _leaves(annotation, path)
    elif origin is dict:
        yield from _within(arguments[1], (*path, dict), info)
    elif origin is tuple:
        yield from _within(arguments[0], (*path, list), info)


LEAVES = list(_leaves(Campaign))
"""A path holds `dict` and `list` for any key and any index."""


def _bounds(info: Any) -> list[Any]:
    """Values at each bound of a field, and as little beyond and within as numbers allow."""
    values: list[Any] = []
    for item in info.metadata:
        for name in ("ge", "gt", "le", "lt"):
            bound = getattr(item, name, None)
            if isinstance(bound, int):
                values += [bound - 1, bound, bound + 1, float(bound)]
            elif isinstance(bound, float):
                values += [
                    math.nextafter(bound, -math.inf),
                    bound,
                    math.nextafter(bound, math.inf),
                    bound * 0.999,
                ]
    return values


def _value(annotation: Any, info: Any, chance: random.Random) -> Any:
    choices = [
        c
        for part in (annotation, *get_args(annotation))
        if get_origin(part) is Literal
        for c in get_args(part)
    ]
    bounds = _bounds(info)
    if choices and chance.random() < 0.7:
        return chance.choice(choices)
    if bounds and chance.random() < 0.4:
        return chance.choice(bounds)
    if bounds and chance.random() < 0.8:
        number = math.exp(chance.uniform(math.log(max(min(bounds), 1e-3)), math.log(max(*bounds, 1e-2))))
        return round(number) if "int" in str(annotation) else round(number, chance.choice((0, 2, 6)))
    if annotation is str and chance.random() < 0.5:
        return chance.choice(NAMES)
    return copy.deepcopy(chance.choice(ODD))


def _set(data: dict[str, Any], chance: random.Random) -> None:
    """Another value for any one setting."""
    path, annotation, info = chance.choice(LEAVES)
    target: Any = data
    for part, following in zip(path, (*path[1:], None), strict=True):
        last = following is None
        value = _value(annotation, info, chance) if last else [] if following is list else {}
        if part is list:
            if not isinstance(target, list):
                return
            if not target or (last and chance.random() < 0.3):
                target.append(value)
            index = chance.randrange(len(target))
        elif not isinstance(target, dict):
            return
        else:
            known = list(target) if target and chance.random() < 0.9 else NAMES
            index = chance.choice(known) if part is dict else part
        if last:
            target[index] = value
        elif isinstance(target, dict):
            target.setdefault(index, value)
        target = target[index]


def _mappings(data: Any) -> list[dict[str, Any]]:
    found = [data] if isinstance(data, dict) else []
    for child in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        found += _mappings(child)
    return found


def _drop(data: dict[str, Any], chance: random.Random) -> None:
    target = chance.choice([m for m in _mappings(data) if m])
    del target[chance.choice(list(target))]


def _rename(data: dict[str, Any], chance: random.Random) -> None:
    target = chance.choice([m for m in _mappings(data) if m] or [data])
    key = chance.choice(list(target) or ["name"])
    target[chance.choice((*NAMES, f"{key}+", key.swapcase(), key[:-1]))] = target.pop(key, None)


def _add(data: dict[str, Any], chance: random.Random) -> None:
    chance.choice(_mappings(data))[chance.choice(NAMES)] = copy.deepcopy(chance.choice(ODD))


def _named(data: dict[str, Any], chance: random.Random) -> None:
    """A further lattice, size or series of any name, like one that is there."""
    section = data.get(chance.choice(("lattices", "sizes", "series")))
    if isinstance(section, dict) and section:
        like = chance.choice(list(section))
        section[chance.choice((*NAMES, like.swapcase(), f"{like}2"))] = copy.deepcopy(section[like])


def _condition(data: dict[str, Any], chance: random.Random) -> None:
    where = data.setdefault(chance.choice(("conditions", "conditions", "conditions+")), [])
    defocus = chance.choice((-10, -10.0000001, 1e-7, 1000, -1000.1, *[chance.uniform(-50, 50)] * 4))
    given = {
        "defocus_nm": defocus,
        "dose_e_per_a2": chance.choice((*[400] * 4, 1e-7, 1e5, 400.0000001, 1e5 + 1, 75)),
    }
    if isinstance(where, list):
        where += [given] * chance.choice((1, 1, 2))


def _many(data: dict[str, Any], chance: random.Random) -> None:
    count = chance.choice((20, 300, 3000))
    data["conditions"] = [{"defocus_nm": k / 8, "dose_e_per_a2": 400} for k in range(count)]


def _lattice(data: dict[str, Any], chance: random.Random) -> None:
    """A crystal of any space group whose cell goes with it at most times, and whose sites may or may not."""
    lattices = data.setdefault("lattices", {})
    if not isinstance(lattices, dict):
        return
    group = chance.choice((1, 2, 14, 62, 123, 129, 141, 152, 166, 186, 194, 221, 225, 227, 229, 230))
    needed = "a" if group >= 195 else "ac" if group >= 75 else "abc"
    names = needed if chance.random() < 0.8 else chance.choice(("a", "ac", "abc", "bc"))
    cell: dict[str, Any] = {name: round(chance.uniform(2.5, 12), 3) for name in names}
    for name in ("alpha", "beta", "gamma"):
        if group < 16 or chance.random() < 0.1:
            cell[name] = chance.choice((60, 90, 90, 90.01, 120, 109.5))
    sites = [
        {
            "element": chance.choice(("Cu", "O", "H", "Cs", "Lr") * 4 + ("cu", "Pb2+", "D")),
            "position": [
                chance.choice((0, 0.5, 0.25, 0.3333, "1/3", 0.125, round(chance.random(), 3)))
                for _ in range(3)
            ],
        }
        for _ in range(chance.choice((1, 1, 2, 3)))
    ]
    lattices[f"X{chance.randrange(3)}"] = {"space_group": group, **cell, "sites": sites}


def _cif(data: dict[str, Any], chance: random.Random) -> None:
    """A lattice from a CIF that is beside the file, or none, with what may stand beside it."""
    lattices = data.setdefault("lattices", {})
    if isinstance(lattices, dict):
        beside = {chance.choice(("block", "a", "formula", "label_blur_a")): copy.deepcopy(chance.choice(ODD))}
        name = chance.choice((CIF, CIF, CIF, "none.cif", "..", "a" * 300, *ODD))
        lattices["C"] = {"cif": copy.deepcopy(name), **(beside if chance.random() < 0.5 else {})}


_CHANGES: tuple[Callable[[dict[str, Any], random.Random], None], ...] = (
    *[_set] * 8, _drop, _rename, _rename, _add, _named, _condition, _many, *[_lattice] * 3, _cif,
)  # fmt: skip


def _token(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    words[chance.randrange(len(words))] = chance.choice(TOKENS) + chance.choice(("", "\n"))
    return " ".join(words)


def _character(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(CHARACTERS) + text[at + chance.choice((0, 1)) :]


def _line(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines) + 1)
    kept = lines[at]
    if chance.random() < 0.5:
        del lines[at]
    lines.insert(min(to, len(lines)), kept)
    return "\n".join(lines)


def _cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _bomb(text: str, chance: random.Random) -> str:
    """Nesting, aliases and merge keys, of some and of far too many levels."""
    levels = chance.choice((3, 30, 300, 3000))
    match chance.randrange(4):
        case 0:
            return text + "description2: " + "[" * levels + "]" * levels
        case 1:
            return text + "x: " + "{a: " * levels + "1" + "}" * levels
        case 2:
            lines = [
                "x0: &m0 {a: 1}",
                *(f"x{k}: &m{k} {{<<: [*m{k - 1}, *m{k - 1}]}}" for k in range(1, levels)),
            ]
        case _:
            lines = ["x0: &m0 [1]", *(f"x{k}: &m{k} [*m{k - 1}, *m{k - 1}]" for k in range(1, levels))]
    return text + "\n".join(lines)


_EDITS: tuple[Callable[[str, random.Random], str], ...] = (
    _token,
    _token,
    _token,
    _character,
    _character,
    _line,
    _cut,
    _bomb,
)
_ENCODINGS: tuple[Callable[[str, bytes, random.Random], bytes], ...] = (
    lambda text, content, chance: text.encode("utf-16", "surrogatepass"),
    lambda text, content, chance: text.encode("utf-16-le", "surrogatepass"),
    lambda text, content, chance: b"\xef\xbb\xbf" + content,
    lambda text, content, chance: text.encode("latin-1", "replace"),
    lambda text, content, chance: b"\x1f\x8b" + content,
    lambda text, content, chance: bytes(
        b ^ (chance.random() < 0.01) * chance.randrange(256) for b in content
    ),
)
