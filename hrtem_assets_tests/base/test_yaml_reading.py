"""The YAML reader: values as written, every slip a sentence with its line, and bounds on all that grows."""

import json
import math
import os
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_assets.base import yaml_reading
from hrtem_assets.base.yaml_reading import YamlError, parse_yaml, read_yaml

PRESETS = Path(yaml_reading.__file__).parents[1] / "campaign" / "presets"


@pytest.fixture(params=["libyaml", "python"])
def parse(request, monkeypatch):
    """The reader on either of PyYAML's parsers."""
    if request.param == "python":
        monkeypatch.setattr(yaml_reading, "_PARSER", yaml.SafeLoader)
    return parse_yaml


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("075", 75),
        ("-010", -10),
        ("0400", 400),
        ("+7", 7),
        ("0x1F", 31),
        ("0o17", 15),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("12e03", 12000.0),
        ("-1.5E-3", -0.0015),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("~", None),
        ("", None),
        ("null", None),
        ("true", True),
        ("False", False),
        # text, whatever YAML 1.1 made of it
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("2024-01-01", "2024-01-01"),
        ("'075'", "075"),
        ('"true"', "true"),
        ("1e", "1e"),
        ("<<", "<<"),
    ],
)
def test_a_value_is_what_is_written(parse, written, value):
    read = parse(f"a: {written}\n".encode())["a"]
    assert read == value
    assert type(read) is type(value)


def test_a_name_is_text_as_written(parse):
    names = ["225", "0400", "1e5", "no", "on", "y", "null", "~", "true", ".5"]
    assert list(parse("".join(f"{name}: 1\n" for name in names).encode())) == names


numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
scalars = numbers | st.booleans() | st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126))
names = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).filter(
    lambda name: name != "<<"
)


@settings(max_examples=50)
@given(
    st.dictionaries(
        names, st.recursive(scalars, lambda v: st.lists(v) | st.dictionaries(names, v), max_leaves=8)
    )
)
def test_what_is_written_as_json_is_read_as_it_was(value):
    read = parse_yaml(json.dumps(value).encode())
    assert read == value
    assert json.dumps(read) == json.dumps(value)


@pytest.mark.parametrize("name", ["demo", "paper"])
def test_the_presets_read_as_by_pyyaml(name):
    content = (PRESETS / f"{name}.yaml").read_bytes()
    assert parse_yaml(content) == yaml.safe_load(content)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: 'a' is given twice, first in line 1; remove one"),
        ("x:\n  a: 1\n  b: 2\n  a: 3", "line 4: 'a' is given twice, first in line 2"),
        ("x: [{a: 1,\n a: 2}]", "line 2: 'a' is given twice, first in line 1"),
        ("1: a\n'1': b", "line 2: '1' is given twice, first in line 1"),
        ("m: &m {a: 1}\nx:\n  <<: *m\n  b: 1\n  <<: *m", "line 5: '<<' is given twice, first in line 3"),
        ("m: &m {a: 1}\nx:\n  <<: *m\n  a: 2\n  a: 3", "line 5: 'a' is given twice, first in line 4"),
        ("a:\n\tb: 1", "line 2: not valid YAML: .*indent with spaces, not with tabs"),
        ("a: 'b\nc: d", "quoted scalar that begins in line 1; close the quotes"),
        ("a: [1, 2\nb: 3", "flow sequence that begins in line 1; close the bracket"),
        (
            "a: b: c",
            "line 1: not valid YAML: mapping values are not allowed.*put text that holds ': ' in quotes",
        ),
        ("a: @x", "line 1: .*put text that begins with such a character in quotes"),
        ("a: 1\n---\nb: 2", "line 2: a second document begins; keep one"),
        ("%YAML 1.1\n---\na: 1", "this is read as YAML 1.2; remove the line that begins with %YAML"),
        ("a: *b", "line 1: .b stands for nothing that is complete there; anchors before it: none"),
        ("a: &a [1, *a]", "line 1: .a stands for nothing that is complete"),
        (
            "a: 1\nb: !!python/name:os.system x",
            "line 2: the tag 'tag:yaml.org,2002:python/name:os.system' is not read",
        ),
        ("a: !!int '5'", "line 1: the tag 'tag:yaml.org,2002:int' is not read"),
        ("? [a]\n: 1", "line 1: a name must be text, not a list or mapping"),
        ("a: &x [1]\n*x : 2", "line 2: a name must be text, not an alias of something else"),
        ("'': 5", "line 1: a value without a name"),
        ("x: {<<: 5}", "line 1: << takes in a mapping"),
        ("a: 1\nb: " + "9" * 101, "line 2: a number of 101 characters; write at most 100"),
        ("a: -1e999", "line 1: -1e999 is beyond what a number can be"),
        ('a: "\\0"', "line 1: the text holds a character that does not print"),
        ("a: 1\nb: \x00", r"line 2: holds the character U\+0000"),
        ("- 1", "must be a mapping, lines such as 'name: value', not a list"),
        ("text", "must be a mapping, .*, not text"),
        ("5", "must be a mapping, .*, not a single value"),
        ("", "is empty"),
        ("# nothing but a comment", "is empty"),
        ("---\n...\n", "is empty"),
    ],
)
def test_a_slip_is_a_sentence_with_its_line(parse, text, words):
    with pytest.raises(YamlError, match=words):
        parse(text.encode())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: 1\nb: \xc5", "line 2: not valid YAML in UTF-8 .byte 0xc5.; save the file as UTF-8"),
        ("a: 1".encode("utf-16-le"), r"line 1: holds the character U\+0000"),
        (b"\x1f\x8b\x08\x00", "is compressed by gzip; unpack it"),
        (bytes(range(256)), r"holds the character U\+0000|not valid YAML in UTF-8"),
    ],
)
def test_what_is_no_text_is_refused(content, words):
    with pytest.raises(YamlError, match=words):
        parse_yaml(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_line_ends_of_any_system_are_read(encoding, end):
    content = f"a: 5 Å{end}b: 2{end}b: 3".encode(encoding)
    with pytest.raises(YamlError, match="line 3: 'b' is given twice, first in line 2"):
        parse_yaml(content)
    assert parse_yaml(f"a: 5 Å{end}b: 2".encode(encoding)) == {"a": "5 Å", "b": 2}


def test_merge_keys_give_way_to_what_is_written_and_the_first_of_several_counts(parse):
    text = "m: &m {a: 1, b: 1}\nn: &n {a: 2, b: 2, c: 2}\nx: {b: 0, <<: [*m, *n]}"
    assert parse(text.encode())["x"] == {"a": 1, "b": 0, "c": 2}


BOMBS = {
    "merged": "x0: &m0 {a: 1}\n"
    + "".join(f"x{k}: &m{k} {{<<: [*m{k - 1}, *m{k - 1}]}}\n" for k in range(1, 99)),
    "aliased": "x0: &m0 [1]\n" + "".join(f"x{k}: &m{k} [*m{k - 1}, *m{k - 1}]\n" for k in range(1, 99)),
    "many": "a: [" + "1," * 400_000 + "]",
    "lists": "a: " + "[" * 400_000,
    "mappings": "a: " + "{a: " * 200_000,
    "dashes": "a:\n" + "- " * 400_000,
    "levels": "".join(" " * k + "a:\n" for k in range(1000)),
    "large": "#" * yaml_reading.MOST_BYTES + "\na: 1",
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_grows_without_bound_is_refused_in_seconds(tmp_path, name):
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMBS[name])
    began = time.process_time()
    with pytest.raises(
        YamlError, match=r"nested more than 50 levels|more than 100,000 values|at most 1,000,000 are read"
    ):
        read_yaml(path)
    assert time.process_time() - began < 5


def test_reading_takes_time_in_proportion(tmp_path):
    def seconds(values: int) -> float:
        content = ("a:\n" + "- {defocus_nm: 1, dose_e_per_a2: 400}\n" * (values // 5)).encode()
        runs = []
        for _ in range(3):
            began = time.process_time()
            parse_yaml(content)
            runs.append(time.process_time() - began)
        return min(runs)

    assert seconds(20_000) < 10 * seconds(4_000)


def test_what_is_no_file_is_refused_by_its_kind(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to("round")
    closed = tmp_path / "closed.yaml"
    closed.write_text("a: 1")
    closed.chmod(0)
    cases = {
        str(tmp_path): "is a folder, not a file",
        str(tmp_path / "pipe"): "is a pipe, not a file",
        "/dev/zero": "is a device, not a file",
        str(tmp_path / "none.yaml"): "there is no such file",
        str(closed / "x"): "there is no such file",
        str(tmp_path / "round"): "no name of a file|Too many levels|Symlink loop",
        str(tmp_path / ("a" * 5000)): "longer than a file's name may be",
        str(tmp_path / "a\0b"): "is not a file name",
        "~nobody-here/x": "is not a file name",
    } | ({str(closed): "may not be read by this user"} if os.geteuid() else {})
    for name, words in cases.items():
        with pytest.raises(YamlError, match=words):
            read_yaml(Path(name))
