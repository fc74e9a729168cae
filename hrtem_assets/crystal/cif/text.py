"""CIF files as text: any encoding and line end, blocks and their tags; what is no CIF is told so."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemmi import cif

from hrtem_assets.base.files import FileError, find_file
from hrtem_assets.crystal.expansion import MAX_ATOMS

MAX_BYTES = 32 * 1024**2
MAX_ROWS = 2 * MAX_ATOMS
MAX_BLOCKS = 1000
NULLS = (".", "?", "")

# tags outside these decide nothing about the crystal
_READ = re.compile(
    r"_(atom_site_|cell_|symmetry_|space_group_|chemical_formula_|exptl_crystal_density_|entity_|parent_space)"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_OTHER_KINDS = (
    (r"\s*(<!doctype|<html|<\?xml|<)", "a web page or XML"),
    (r"\s*[{\[]", "JSON"),
    (r"%PDF", "a PDF"),
    (r"(HEADER|TITLE|REMARK|CRYST1|ATOM  |HETATM)", "a PDB file"),
    (r"[^\n]*\n\s*[-+\d.eE]+\s*\n(\s*[-+\d.eE]+\s+[-+\d.eE]+\s+[-+\d.eE]+\s*\n){3}", "a POSCAR"),
    (r"\s*\d+\s*\n[^\n]*\n\s*[A-Z][a-z]?\s+[-+\d.]+\s+[-+\d.]+\s+[-+\d.]+", "an XYZ file"),
    (r"(TITL|CELL)\s", "a SHELX file"),
)


class CifError(ValueError):
    """A CIF that does not say which crystal it holds; the message names the reason and the repair."""


@dataclass(frozen=True)
class Block:
    """One data block: its name, and the values of each tag in lower case, dots as underscores."""

    name: str
    values: dict[str, list[str]]

    def column(self, *tags: str) -> list[str]:
        """All values of the first of some tags that the block has, quotes removed."""
        return next((self.values[tag] for tag in tags if tag in self.values), [])

    def stated(self, *tags: str) -> list[str]:
        """The different values of some tags together, without those left unknown (`?`) or blank (`.`)."""
        texts = [v.strip() for tag in tags for v in self.values.get(tag, []) if v.strip() not in NULLS]
        return list(dict.fromkeys(texts))

    def has(self, pattern: str) -> bool:
        """Whether the block has a tag that begins with a pattern and is not left unknown."""
        return any(re.match(pattern, tag) and self.stated(tag) for tag in self.values)


def read_blocks(path: Path) -> list[Block]:
    """The data blocks of a CIF.

    Args:
        path: the file.

    Raises:
        CifError: if it is none, or cannot be read.
    """
    text = _text(_content(path))
    if not text.strip():
        raise CifError("cannot be read as a crystal: the file is empty")
    blocks_of = len(re.findall(r"(?im)^\s*data_", text))
    if blocks_of > MAX_BLOCKS:
        raise CifError(
            f"holds {blocks_of} data blocks, more than {MAX_BLOCKS}; give a file with the one structure"
        )
    try:
        document = cif.read_string(text)
    except (ValueError, RuntimeError) as error:
        raise CifError(f"cannot be read as a crystal: {_why(text, str(error))}") from None
    blocks = [Block(block.name.strip(), _values(block)) for block in document]
    if not blocks:
        raise CifError("cannot be read as a crystal: it holds only comments")
    return blocks


def plain(text: str) -> str:
    """Text in ASCII as the CIF format asks for, with what decides a crystal kept: bars, minus signs, fractions."""
    text = _CONTROL.sub(" ", text)
    if text.isascii():
        return text
    text = re.sub("[\u2010-\u2015\u2212]", "-", text)
    text = unicodedata.normalize("NFKD", text)
    text = re.sub(r"(\d)[\u0304\u0305]", r"-\1", text).replace("\N{FRACTION SLASH}", "/")
    text = "".join(c for c in text if not unicodedata.combining(c))
    return re.sub(r"[^\x00-\x7f]", "?", text)


def number(text: str, what: str) -> float:
    """A number of a CIF, with or without its standard uncertainty: `0.3333(2)` is 0.3333.

    Args:
        text: as written.
        what: how messages name it.

    Raises:
        CifError: if it is none.
    """
    bare = re.sub(r"\(\d*\)$", "", text.strip())
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", bare):
        return float(bare)
    if (match := re.fullmatch(r"([+-]?\d+)/(\d+)", bare)) and int(match[2]):
        return int(match[1]) / int(match[2])
    hint = ": write a decimal point" if re.fullmatch(r"[+-]?\d*,\d+", bare) else ""
    raise CifError(f"{what} = {text!r} is not a number{hint}")


def _content(path: Path) -> bytes:
    try:
        if find_file(path) is None:
            raise CifError("no such file (relative to the campaign file)")
    except FileError as error:
        raise CifError(str(error)) from None
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CifError(f"cannot be opened: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise CifError(
            f"is larger than {MAX_BYTES // 1024**2} MiB; this is meant for crystals with small cells"
        )
    return content


def _text(content: bytes) -> str:
    for magic, kind in _PACKED.items():
        if content.startswith(magic):
            raise CifError(f"cannot be read as a crystal: it is packed ({kind}); unpack it")
    text = _decoded(content)
    if "\0" in text:
        raise CifError("cannot be read as a crystal: it is a binary file, not a CIF")
    return plain(text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(content: bytes) -> str:
    for mark, encoding in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    start = content[:400]
    # ASCII in UTF-16 has a zero in every other byte
    for encoding, zeros, letters in (
        ("utf-16-le", start[1::2], start[::2]),
        ("utf-16-be", start[::2], start[1::2]),
    ):
        if len(zeros) > 8 and not any(zeros) and all(letters):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _values(block: cif.Block) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for item in block:
        pair: Any = item.pair
        if pair is not None:
            tags, cells = [pair[0]], [pair[1]]
        elif loop := item.loop:
            tags, cells = loop.tags, loop.values
        else:
            continue
        if len(cells) > MAX_ROWS * len(tags) and any(map(_READ.match, map(_normal, tags))):
            raise CifError(
                f"lists {len(cells) // len(tags)} rows of {tags[0]} and so on; this is meant for crystals with small "
                f"cells, of {MAX_ATOMS} atoms at most"
            )
        for i, tag in enumerate(map(_normal, tags)):
            if _READ.match(tag):
                values[tag] = _unquoted(cells[i :: len(tags)])
    return values


def _unquoted(cells: Sequence[str]) -> list[str]:
    return [cell if cell in NULLS or cell[0] not in "'\";" else cif.as_string(cell) for cell in cells]


def _normal(tag: str) -> str:
    # the newer dictionaries, and FINDSYM, write _cell.length_a for _cell_length_a
    return tag.lower().replace(".", "_", 1)


def _why(text: str, error: str) -> str:
    if not re.search(r"(?im)^\s*data_", text):
        if re.search(r"(?im)^\s*(loop_|_cell[_.]|_atom_site[_.])", text):
            return "it has no data block; write a line such as `data_crystal` above its first tag"
        for pattern, kind in _OTHER_KINDS:
            if re.match(pattern, text, re.IGNORECASE):
                return f"it is {kind}, not a CIF"
        return "it is not a CIF (no line begins with data_)"
    match = re.match(r"string:(\d+)(?::(\d+)\(\d+\))?:?\s*(.*)", error, re.DOTALL)
    if match is None:
        return error.removeprefix("string: ")
    where = f"line {match[1]}" + (f", column {match[2]}" if match[2] else "")
    return f"{where}: {match[3]} (a value with blanks needs quotes, a table the word loop_ above its tags)"
