"""Damage of every kind to every file is found, named and repaired; intact stores are called intact."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr
from click.testing import CliRunner

from hrtem_assets.assets import ASSETS
from hrtem_assets.assets.judgement import violations
from hrtem_assets.assets.partitions import finished_partitions
from hrtem_assets.campaign import with_overrides
from hrtem_assets.cli import main
from hrtem_assets.maintenance.verify import verify, verify_partition
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import StoreError
from hrtem_assets.store.recipe import Recipe
from hrtem_assets_tests.maintenance.conftest import CONDITION, fill_all
from hrtem_assets_tests.small import SPECIMEN, small_campaign

IMAGES = PartitionId("micrographs", SPECIMEN, CONDITION)
WAVES = PartitionId("exit_waves", SPECIMEN)
PARTITIONS = [
    PartitionId(name, SPECIMEN, *([CONDITION] if stage.per_condition else []))
    for name, stage in ASSETS.items()
]


def hrtem(*arguments: str):
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    return result.exit_code, result.output


def test_what_was_made_is_intact(filled):
    verdicts = list(verify(filled, list(finished_partitions(filled)), workers=1))
    assert [v.partition for v in verdicts] == PARTITIONS
    assert all(v.intact and v.structures == 3 and not v.repair for v in verdicts)


def files_of(layout: Layout, partition: PartitionId) -> list[Path]:
    root = layout.store(partition)
    assert isinstance(root, Path)
    return sorted(p for p in root.rglob("*") if p.is_file())


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    changed[rng.integers(len(data))] ^= 1 << rng.integers(8)
    return bytes(changed)


def truncated(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: rng.integers(len(data))]


def emptied(data: bytes, rng: np.random.Generator) -> bytes:
    return b""


@pytest.mark.parametrize("partition", PARTITIONS, ids=str)
def test_a_flipped_bit_a_truncation_and_a_deletion_of_any_file_are_found(layout, partition):
    """Zarr reads a chunk that is not there as fill values, without a word."""
    rng = np.random.default_rng(7)
    files = files_of(layout, partition)
    assert len(files) > 10
    missed = []
    for file in files:
        data = file.read_bytes()
        for harm in (flipped, truncated, emptied):
            file.write_bytes(harm(data, rng))
            if not verify_partition(layout, partition).repair:
                missed.append((file, harm.__name__))
        file.unlink()
        if not verify_partition(layout, partition).repair:
            missed.append((file, "deleted"))
        file.write_bytes(data)
    assert not missed
    assert verify_partition(layout, partition).intact


def edits(attributes: dict) -> list[tuple[str, object]]:
    provenance = attributes["provenance"] | {"user": "someone else"}
    recipe = attributes["recipe"] | {"seed": 7}
    return [
        ("title", "another"),
        ("structures", 2),
        ("provenance", provenance),
        ("recipe", recipe),
        ("recipe_digest", "0" * 24),
        ("arrays", []),
        ("seal", "0" * 32),
        ("complete", False),
    ]


def test_every_edit_of_a_stores_attributes_is_found(layout):
    root = layout.store(IMAGES) / "zarr.json"
    text = root.read_text()
    for key, value in edits(json.loads(text)["attributes"]):
        document = json.loads(text)
        document["attributes"][key] = value
        root.write_text(json.dumps(document, indent=2))
        assert verify_partition(layout, IMAGES).whole, key
    for key in json.loads(text)["attributes"]:
        document = json.loads(text)
        del document["attributes"][key]
        root.write_text(json.dumps(document, indent=2))
        assert verify_partition(layout, IMAGES).whole, key
    for content in ("[]", '{"attributes": []}', '{"attributes": {"complete": true}}', "\xff"):
        root.write_text(content)
        assert verify_partition(layout, IMAGES).whole, content


@pytest.mark.parametrize("variable", ["counts", "defocus", "digest", "x"])
def test_every_edit_of_an_arrays_metadata_is_found(layout, variable):
    path = layout.store(IMAGES) / variable / "zarr.json"
    text = path.read_text()
    for key, value in (
        ("attributes", {"units": "m"}),
        ("data_type", "int16"),
        ("shape", [2]),
        ("fill_value", 1),
        ("dimension_names", ["a"]),
    ):
        path.write_text(json.dumps(json.loads(text) | {key: value}))
        assert verify_partition(layout, IMAGES).whole, key


def test_values_written_through_zarr_are_found_and_their_structures_named(layout):
    array = zarr.open_array(layout.store(WAVES) / "full", mode="r+")
    array[1, 0, 3, 4] = 0
    verdict = verify_partition(layout, WAVES)
    assert list(verdict.damaged) == [1]
    assert "its values of full are not those that were made" in verdict.damaged[1]
    assert not verdict.whole


def test_a_store_in_anothers_place_is_found(layout):
    """Both are whole and sealed."""
    other = PartitionId("micrographs", SPECIMEN, "df+00nm_400e")
    layout.store(IMAGES).rename(layout.store(other))
    verdict = verify_partition(layout, other)
    assert "another partition's" in verdict.whole[0]


def test_a_missing_or_replaced_upstream_store_breaks_the_chain_with_the_command_that_mends_it(layout):
    overrides = {"optics": {"focal_spread_a": 12.0}}
    fill_all(layout, None, ("zero_defocus",), with_overrides(small_campaign(), overrides), overrides)
    verdict = verify_partition(layout, IMAGES)
    assert verdict.chain == (f"zero_defocus/{SPECIMEN} has been made again since, with another recipe",)
    assert verdict.repair == (f"hrtem materialize micrographs --specimen {SPECIMEN} --condition {CONDITION}",)
    layout.store(WAVES).rename(layout.root / "elsewhere")
    verdict = verify_partition(layout, IMAGES)
    assert "is not there" in verdict.chain[0]
    assert verdict.repair[0] == f"hrtem materialize exit_waves --specimen {SPECIMEN}"
    assert not verdict.damaged


def test_a_damaged_store_is_not_extended(layout):
    (layout.store(PartitionId("structures", SPECIMEN)) / "seed" / "zarr.json").write_text("{}")
    with pytest.raises(StoreError, match=f"hrtem repair structures/{SPECIMEN} --yes"):
        fill_all(layout, 4, ("structures",))


@pytest.mark.slow
@pytest.mark.parametrize("harmed", ["full/c/1/0/0/0", "zarr.json"])
def test_the_commands_that_verify_names_repair_the_store(layout, environment, harmed):
    """A damaged structure is made again alone; a store without trustworthy records as a whole."""
    before = [int(StoreReader(layout.store(WAVES)).read("digest", i)) for i in range(3)]
    stamps = [int(StoreReader(layout.store(WAVES)).read("committed_at", i)) for i in range(3)]
    file = layout.store(WAVES) / harmed
    file.write_bytes(flipped(file.read_bytes(), np.random.default_rng(2)))
    code, output = hrtem("verify", "exit_waves", "--json")
    assert code == 1
    (verdict,) = json.loads(output)
    assert verdict["repair"] == [
        f"hrtem repair exit_waves/{SPECIMEN} --yes",
        f"hrtem materialize exit_waves --specimen {SPECIMEN}",
    ]
    for command in verdict["repair"]:
        # a command that runs Dagster redirects the standard streams: in a process of its own
        arguments = [sys.executable, "-m", "hrtem_assets", *command.split()[1:]]
        repaired = subprocess.run(arguments, capture_output=True, text=True, timeout=240)
        assert repaired.returncode == 0, repaired.stderr
    code, output = hrtem("verify")
    assert code == 0, output
    assert "6 of 6 stores are intact" in output
    store = layout.store(WAVES)
    assert [int(StoreReader(store).read("digest", i)) for i in range(3)] == before
    made_again = [i for i in range(3) if int(StoreReader(store).read("committed_at", i)) != stamps[i]]
    assert made_again == ([1] if "full" in harmed else [0, 1, 2])


def test_verify_names_the_damage_and_the_repair_and_exits_with_1(layout, environment):
    (layout.store(IMAGES) / "counts/c/0/0/0").unlink()
    code, output = hrtem("verify", "micrographs", "--specimen", SPECIMEN)
    assert code == 1
    assert f"damaged  {IMAGES}, structure 0: its files of counts are not those that were written" in output
    assert f"hrtem repair {IMAGES} --yes && hrtem materialize micrographs" in output
    assert "0 of 1 stores are intact" in output
    code, _ = hrtem("verify", "labels")
    assert code == 0


def test_verify_of_nothing_is_an_error(layout, environment):
    code, output = hrtem("verify", "micrographs", "--specimen", "Ag-large")
    assert code == 1
    assert "no finished store" in output
    assert hrtem("verify", "wave")[0] == 2


def structure(layout: Layout, partition: PartitionId) -> tuple[Recipe, dict]:
    path = layout.store(partition)
    attributes = json.loads((path / "zarr.json").read_text())["attributes"]
    names = attributes["arrays"] + attributes["records"]
    return Recipe.model_validate(attributes["recipe"]), {n: StoreReader(path).read(n, 0) for n in names}


@pytest.mark.parametrize(
    ("asset", "changes", "words"),
    [
        ("structures", lambda v: {"positions": v["positions"] + np.float32(60)}, "outside the cell"),
        ("structures", lambda v: {"numbers": 0 * v["numbers"]}, "atomic numbers"),
        ("structures", lambda v: {"radius": v["radius"] * 3}, "radii are not between 8 and 12"),
        ("exit_waves", lambda v: {"full": v["full"] * np.complex64(0.9)}, "mean intensity of full = 0.8"),
        ("exit_waves", lambda v: {"vacuum": v["vacuum"] * np.complex64(1.01)}, "mean intensity of vacuum"),
        ("zero_defocus", lambda v: {"zero_defocus": v["zero_defocus"] + 500}, "not inside the curve"),
        ("labels", lambda v: {"mask": ~v["mask"]}, "not the soft label cut"),
        ("labels", lambda v: {"silhouette_iou": np.array(1.2)}, "not between 0 and 1"),
        ("micrographs", lambda v: {"counts": v["counts"] // 2}, "are not between 15.2 and 16.8"),
        ("micrographs", lambda v: {"defocus": v["defocus"] + 20}, "which the image's seed draws"),
        ("training_sets", lambda v: {"std": v["std"] + 1}, "mean and std are not the image's"),
        ("training_sets", lambda v: {"split": np.array(5)}, "none of train, validation"),
    ],
)
def test_numbers_that_physics_forbids_are_named(filled, asset, changes, words):
    """A wrong number that was computed wrongly has a right checksum."""
    partition = next(p for p in PARTITIONS if p.asset == asset)
    recipe, values = structure(filled, partition)
    assert violations(recipe, values, 0.2) == []
    assert any(words in found for found in violations(recipe, values | changes(values), 0.2))
