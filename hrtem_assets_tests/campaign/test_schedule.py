"""Cron expressions: whatever is allowed comes, as Dagster reads it, and what never comes is refused."""

from datetime import UTC, datetime

import pytest
from dagster._vendored.croniter import CroniterBadDateError, croniter
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hrtem_assets.campaign.schedule import Schedule

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def field(least: int, most: int):
    number = st.integers(least, most)
    spans = (
        st.lists(number, min_size=2, max_size=2, unique=True)
        .map(sorted)
        .map(lambda ends: f"{ends[0]}-{ends[1]}")
    )
    plain = number.map(str) | spans | st.just("*")
    stepped = st.tuples(plain, st.integers(1, 70)).map(lambda parts: f"{parts[0]}/{parts[1]}")
    return st.lists(plain | stepped, min_size=1, max_size=2).map(",".join)


crons = st.tuples(
    field(0, 59), field(0, 23), field(1, 31) | st.just("31") | st.just("30,31"), field(1, 12), field(0, 7)
)


@settings(max_examples=60)
@given(crons.map(" ".join))
def test_what_is_allowed_comes_and_what_never_comes_is_refused(cron):
    try:
        Schedule(cron=cron)
    except ValidationError as error:
        assert "never occurs" in str(error)
        with pytest.raises(CroniterBadDateError):
            croniter(cron, BEGIN, max_years_between_matches=10).get_next(datetime)
    else:
        assert croniter.is_valid(cron)
        assert (croniter(cron, BEGIN).get_next(datetime) - BEGIN).days < 8 * 366


@pytest.mark.parametrize(
    "cron", ["0 0 29 2 *", "0 0 31 1,2 *", "0 0 1 2 5", "0 0 30-31 2-3 *", "* * */31 * *"]
)
def test_days_that_are_rare_but_come_are_allowed(cron):
    assert Schedule(cron=cron).cron == cron


@pytest.mark.parametrize("cron", ["0 22 * 2-2 *", "5-5 * * * *", "0 0 1,3-3/2 * *"])
def test_a_range_of_one_number_is_refused_because_dagster_takes_it_for_any(cron):
    with pytest.raises(ValidationError, match="holds one number; write"):
        Schedule(cron=cron)
