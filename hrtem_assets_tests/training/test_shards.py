"""The fast reader returns what zarr returns, and says what it cannot read."""

import json
import pickle

import numpy as np
import pytest
import zarr

from hrtem_assets.store.reader import StoreReader
from hrtem_assets.store.reading import StoreError
from hrtem_assets.training.shards import ShardReader
from hrtem_assets_tests.small import CONDITIONS
from hrtem_assets_tests.training.sets import CAMPAIGN, write_training_set

VARIABLES = ("counts", "mask", "soft_label")


@pytest.fixture
def store(tmp_path):
    return write_training_set(tmp_path, CONDITIONS[0])


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_row_is_the_one_that_zarr_reads(store, variable):
    expected = np.asarray(zarr.open_array(store / variable, mode="r")[:])
    reader = pickle.loads(pickle.dumps(ShardReader(StoreReader(store), variable)))
    assert (reader.shape, reader.dtype) == (expected.shape[1:], expected.dtype)
    for index in np.random.default_rng(0).permutation(CAMPAIGN.counts.total):
        np.testing.assert_array_equal(reader.row(int(index)), expected[index])


def test_a_shard_that_holds_only_zeros_has_no_file_and_reads_as_zeros(store):
    zarr.open_array(store / "mask", mode="r+")[:16] = False
    assert not (store / "mask/c/0/0/0").exists()
    assert not ShardReader(StoreReader(store), "mask").row(3).any()


def test_a_damaged_file_is_an_error_that_names_row_file_and_repair(store):
    file = store / "counts/c/0/0/0"
    data = file.read_bytes()
    for damaged in (bytes(200) + data[200:], data[-400:]):
        file.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"row 0 of .*counts cannot be decoded.*materialize"):
            ShardReader(StoreReader(store), "counts").row(0)


def test_another_encoding_is_refused_rather_than_misread(store):
    metadata = json.loads((store / "mask/zarr.json").read_text())
    metadata["codecs"][0]["configuration"]["codecs"][0]["configuration"] = {"endian": "big"}
    (store / "mask/zarr.json").write_text(json.dumps(metadata))
    with pytest.raises(StoreError, match="not encoded as this package does"):
        ShardReader(StoreReader(store), "mask")


def test_an_absent_variable_is_an_error(store):
    with pytest.raises(StoreError, match="nothing is not a sharded array"):
        ShardReader(StoreReader(store), "nothing")
