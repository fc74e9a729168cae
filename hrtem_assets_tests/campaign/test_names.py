"""Names: what a lattice, size or series may be called, held against folders and Dagster itself."""

import pytest
from dagster._core.definitions.utils import DISALLOWED_NAMES, is_valid_name
from hypothesis import given
from hypothesis import strategies as st

from hrtem_assets.campaign import CampaignError, load_campaign
from hrtem_assets.campaign.names import MOST_CHARACTERS, check_distinct, check_name, check_series_name, listed
from hrtem_assets.definitions import build_defs
from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.small import small_campaign

anything = st.text(max_size=70) | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+]{0,69}", fullmatch=True)


@given(anything, anything)
def test_names_that_are_allowed_make_partitions_whose_files_fit(tmp_path_factory, lattice, size):
    try:
        check_name("lattice", lattice)
        check_name("size", size)
    except ValueError:
        return
    partition = PartitionId("structures", f"{lattice}-{size}")
    layout = Layout(tmp_path_factory.getbasetemp())
    for place in (layout.store(partition), layout.build(partition, "0" * 32), layout.picture(partition)):
        # with what is written beside a file before it takes its place
        assert all(len(part.encode()) + 48 <= 255 for part in place.parts)
    # the key says which lattice and which size
    assert partition.specimen.split("-") == [lattice, size]


@given(anything)
def test_series_names_that_are_allowed_are_names_of_dagster(name):
    try:
        check_series_name(name)
    except ValueError:
        return
    assert is_valid_name(name)


@pytest.mark.parametrize("name", sorted(DISALLOWED_NAMES))
def test_words_that_dagster_keeps_are_no_names_of_series(name):
    with pytest.raises(ValueError, match=r"series.*(reserved|must start)"):
        check_series_name(name)


def test_a_series_may_not_have_the_name_of_a_job_or_step_that_is_there(tmp_path):
    jobs = build_defs(small_campaign(), tmp_path).get_repository_def().get_all_jobs()
    names = {job.name for job in jobs} | {node.name for job in jobs for node in job.all_node_defs}
    assert len(names) > 20
    for name in names:
        with pytest.raises(ValueError, match=r"choose another name|must start with a letter|write my_"):
            check_series_name(name)


@pytest.mark.parametrize("name", ["nightly", "structure_series", "recipes", "workspace", "my_structures"])
def test_series_of_names_that_schedules_and_assets_have_can_be_loaded(tmp_path, name):
    wanted = {"specimens": ["Cu-small"], "conditions": [{"defocus_nm": -10, "dose_e_per_a2": 400}]}
    inherited = dict.fromkeys(load_campaign("demo").series)
    defs = build_defs(small_campaign(series=inherited | {name: wanted}), tmp_path)
    assert name in {job.name for job in defs.resolve_all_job_defs()}
    assert defs.get_repository_def().has_job(name)


def test_the_longest_names_are_partitions(tmp_path):
    long = "L" * MOST_CHARACTERS
    campaign = load_campaign("demo", {"sizes": {long: {"radius_min_a": 6, "radius_max_a": 9}}})
    assert f"Cu-{long}" in campaign.specimens
    with pytest.raises(CampaignError, match="longer than the 64 characters"):
        load_campaign("demo", {"sizes": {long + "x": {"radius_min_a": 6, "radius_max_a": 9}}})


def test_names_that_differ_in_case_alone_are_told():
    check_distinct("sizes", ["a", "b", "ab"])
    with pytest.raises(ValueError, match="sizes: the names Ab and aB differ"):
        check_distinct("sizes", ["x", "Ab", "aB"])


def test_of_many_names_the_first_are_listed():
    assert listed([]) == "none"
    assert listed(["a", "b"]) == "a, b"
    assert listed(map(str, range(2000))).endswith("28, 29, ... (2,000 in all)")
