"""YAML as it is written: one strict, bounded reader (YAML 1.2, core schema) for every file that users write.

What differs from PyYAML's own loaders: `0400` is 400 and not octal, `1:30`, `yes`, `no` and dates are text; names
(keys) are text as written, whatever they look like; a name given twice is refused; and nothing grows without bound.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hrtem_assets.base.errors import HrtemError
from hrtem_assets.base.files import FileError, find_file, read_file, shown

MOST_BYTES = 1_000_000
MOST_LEVELS = 50
MOST_VALUES = 100_000
"""Values in a file, where an alias counts as often as it is used."""
MOST_DIGITS = 100

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {
    word: value
    for words, value in ((("true", "True", "TRUE"), True), (("false", "False", "FALSE"), False))
    for word in words
}
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
# what the parser says of frequent slips, and their repair
_HINTS = {
    "mapping values are not allowed": "indent it as its neighbours, or put text that holds ': ' in quotes",
    "cannot start any token": "put text that begins with such a character in quotes",
    "unexpected end of stream": "close the quotes",
    "expected ',' or": "close the bracket, or put a comma between",
}
# libyaml is ten times as fast; where PyYAML was built without it, its own parser reads the same
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlError(HrtemError, ValueError):
    """A file that is not the YAML that it should be; the message names the line and the repair."""


@dataclass
class _Collection:
    """A list or mapping that is being read."""

    value: list[Any] | dict[str, Any]
    anchor: str | None
    line: int
    values: int = 1
    key: str | None = None
    lines: dict[str, int] = field(default_factory=dict)
    merged: dict[str, Any] = field(default_factory=dict)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Args:
        path: of a file that is there.

    Returns:
        mappings with text as keys, lists, text, int, float, bool and None. Aliases share their value: do not change it.

    Raises:
        YamlError: if it cannot be read, is no YAML, or holds no mapping.
    """
    try:
        file = find_file(path)
        if file is None:
            raise FileError(f"{shown(str(path))}: there is no such file")
        content = read_file(file, MOST_BYTES)
    except FileError as error:
        raise YamlError(str(error)) from None
    try:
        return parse_yaml(content)
    except YamlError as error:
        raise YamlError(f"{shown(str(path))}: {error}") from None


def parse_yaml(content: bytes) -> dict[str, Any]:
    """The mapping that a YAML text holds, as `read_yaml` gives it.

    Args:
        content: in UTF-8, or in UTF-16 with a byte order mark.

    Raises:
        YamlError: names the line; the caller names the file.
    """
    text = _decoded(content)
    try:
        value = _Reader(text).read()
    except yaml.MarkedYAMLError as error:
        raise YamlError(_explained(error, text)) from None
    except yaml.YAMLError as error:
        raise YamlError(f"not valid YAML: {error}") from None
    if value is None:
        raise YamlError("is empty; it must be a mapping, lines such as 'name: value'")
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "text" if isinstance(value, str) else "a single value"
        raise YamlError(f"must be a mapping, lines such as 'name: value', not {kind}")
    return value


class _Reader:
    """Builds plain values from the parser's events, in one pass and without recursion."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, _PARSER)
        self._open: list[_Collection] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._total = 0
        self._root: Any = None

    def read(self) -> Any:
        """The one document; None for an empty one."""
        documents = 0
        for event in self._events:
            line = event.start_mark.line + 1
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise YamlError(
                            f"line {line}: a second document begins; keep one, without '---' between"
                        )
                    if event.version not in (None, (1, 2)):
                        raise YamlError(
                            f"line {line}: this is read as YAML 1.2; remove the line that begins with %YAML"
                        )
                case yaml.AliasEvent():
                    if event.anchor not in self._anchors:
                        known = ", ".join(f"&{name}" for name in list(self._anchors)[:10]) or "none"
                        raise YamlError(
                            f"line {line}: *{event.anchor} stands for nothing that is complete there; "
                            f"anchors before it: {known}"
                        )
                    self._put(*self._anchors[event.anchor], line, plain=False)
                case yaml.ScalarEvent():
                    self._scalar(event, line)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._begin(event, line)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._end()
        return self._root

    def _scalar(self, event: Any, line: int) -> None:
        _refuse_tag(event, line)
        text, plain = event.value, event.style in (None, "")
        if not plain and _UNPRINTABLE.search(text):
            raise YamlError(f"line {line}: the text holds a character that does not print; remove it")
        is_key = bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None
        value = text if is_key or not plain else _resolved(text, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, 1, line, plain=plain)

    def _begin(self, event: Any, line: int) -> None:
        _refuse_tag(event, line)
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise YamlError(f"line {line}: a name must be text, not a list or mapping")
        if len(self._open) == MOST_LEVELS:
            raise YamlError(f"line {line}: nested more than {MOST_LEVELS} levels deep; remove levels")
        value: list[Any] | dict[str, Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        # whatever this name stood for before, it does not within its own value
        self._anchors.pop(event.anchor, None)
        self._open.append(_Collection(value, event.anchor, line))

    def _end(self) -> None:
        done = self._open.pop()
        if isinstance(done.value, dict):
            done.value = done.merged | done.value
        if done.anchor is not None:
            self._anchors[done.anchor] = (done.value, done.values)
        # its values are counted already
        self._total -= done.values - 1
        self._put(done.value, done.values, done.line, plain=False)

    def _put(self, value: Any, values: int, line: int, *, plain: bool) -> None:
        """Give a finished value to the collection that it stands in."""
        self._total += values
        if self._total > MOST_VALUES:
            raise YamlError(
                f"line {line}: more than {MOST_VALUES:,} values, aliases (*) spelled out; remove some"
            )
        if not self._open:
            self._root = value
            return
        parent = self._open[-1]
        parent.values += values
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is None:
            self._name(parent, value, line, plain)
        else:
            if parent.key == _MERGE:
                _merge(parent, value, line)
            else:
                parent.value[parent.key] = value
            parent.key = None

    def _name(self, parent: _Collection, name: Any, line: int, plain: bool) -> None:
        if not isinstance(name, str):
            raise YamlError(f"line {line}: a name must be text, not an alias of something else")
        if not name:
            raise YamlError(f"line {line}: a value without a name; write 'name: value'")
        key = _MERGE if plain and name == "<<" else name
        if key in parent.lines:
            raise YamlError(
                f"line {line}: {shown(name)} is given twice, first in line {parent.lines[key]}; remove one of the two"
            )
        parent.lines[key] = line
        parent.key = key


# a name that no text can be: it holds what is refused in text
_MERGE = "\x00merge"


def _merge(parent: _Collection, value: Any, line: int) -> None:
    for mapping in value if isinstance(value, list) else [value]:
        if not isinstance(mapping, dict):
            raise YamlError(
                f"line {line}: << takes in a mapping, such as *name of one, or a list of mappings"
            )
        # of several the first counts
        parent.merged = mapping | parent.merged


def _resolved(text: str, line: int) -> Any:
    """What a plain scalar means in YAML 1.2's core schema."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] not in "0123456789+-.":
        return text
    if _FLOAT.fullmatch(text) or _BASED.fullmatch(text):
        if len(text) > MOST_DIGITS:
            raise YamlError(f"line {line}: a number of {len(text):,} characters; write at most {MOST_DIGITS}")
        if _BASED.fullmatch(text):
            return int(text, 0)
        if _INT.fullmatch(text):
            return int(text)
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise YamlError(
                f"line {line}: {text} is beyond what a number can be (1.8e308); write a smaller one"
            )
        return number
    return float(text.replace(".", "")) if _INFINITE.fullmatch(text) else text


def _refuse_tag(event: Any, line: int) -> None:
    if event.tag not in (None, "!"):
        raise YamlError(
            f"line {line}: the tag {shown(event.tag)} is not read here; remove it, and put text that looks "
            f"like a number in quotes"
        )


def _decoded(content: bytes) -> str:
    if content[:2] == b"\x1f\x8b":
        raise YamlError("is compressed by gzip; unpack it")
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(content[: error.start].decode(encoding, "replace"))) + 1
        raise YamlError(
            f"line {line}: not valid YAML in UTF-8 (byte 0x{content[error.start]:02x}); save the file as UTF-8"
        ) from None
    if match := _UNPRINTABLE.search(text):
        line = len(_LINE_END.findall(text[: match.start()])) + 1
        raise YamlError(
            f"line {line}: holds the character U+{ord(match.group()):04X}, which is not text; save the file as text in "
            f"UTF-8"
        )
    return text


def _explained(error: yaml.MarkedYAMLError, text: str) -> str:
    """What the parser found wrong, beginning with the line."""
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark is not None else 0
    problem = error.problem or "it breaks off"
    words = f"line {line + 1}: not valid YAML: {problem}"
    if error.context:
        words += f", {error.context}"
        if error.context_mark is not None and error.context_mark.line != line:
            words += f" that begins in line {error.context_mark.line + 1}"
    written = "".join(_LINE_END.split(text)[line : line + 1])
    if mark is not None and "\t" in written[: mark.column + 1]:
        return f"{words}; indent with spaces, not with tabs"
    repair = next(
        (hint for part, hint in _HINTS.items() if part in problem), "correct this line or the one before"
    )
    return f"{words}; {repair}"
