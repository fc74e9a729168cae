"""The user interface, as a person sees and uses it: a real `hrtem ui`, a real browser."""

import functools
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hrtem_assets.store.layout import Layout, PartitionId
from hrtem_assets_tests.orchestration.served import HRTEM, prepared, serve, wait_for
from hrtem_assets_tests.small import SPECIMEN, small_campaign_yaml

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

PARTITION = PartitionId("micrographs", SPECIMEN, "df-10nm_400e")


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """Address of a UI on an instance where the specimen's condition-free assets were made by the command line."""
    root = tmp_path_factory.mktemp("ui")
    environment = prepared(root, small_campaign_yaml())
    subprocess.run(
        [*HRTEM, "materialize", "structures", "exit_waves", "zero_defocus", "--specimen", SPECIMEN],
        env=environment,
        check=True,
        timeout=300,
    )
    with serve(root, small_campaign_yaml()) as served:
        yield served.address, served.data


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1600,1200",
    ):
        options.add_argument(argument)
    # named, so that selenium does not go looking for another one
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


def click(browser, text: str) -> None:
    """Click what shows a text, as soon as it is there; the page redraws itself, so in one step."""
    wait_for(
        lambda: browser.execute_script(
            "const says = e => e.innerText === arguments[0];"
            "const found = [...document.querySelectorAll('body *')]"
            ".find(e => says(e) && !e.closest('[disabled]') && ![...e.children].some(says));"
            "if (found) found.click(); return !!found",
            text,
        ),
        60,
    )


def on_page(browser, text: str) -> bool:
    """Whether the page holds a text."""
    return text in browser.page_source


def loaded_pictures(browser, alt: str) -> list[int]:
    """Widths of the embedded pictures of an alternative text that the browser could decode."""
    return browser.execute_script(
        "return [...document.querySelectorAll('img')].filter(i => i.alt === arguments[0] && i.complete"
        " && i.src.startsWith('data:image')).map(i => i.naturalWidth)",
        alt,
    )


def test_what_the_command_line_made_shows_with_its_pictures(served, browser):
    address, _ = served
    browser.get(f"{address}/assets/exit_waves?view=partitions&partition={SPECIMEN}")
    wait_for(lambda: 32 in loaded_pictures(browser, "exit_waves"), 60)
    click(browser, "[Show Markdown]")
    wait_for(lambda: max(loaded_pictures(browser, "exit_waves"), default=0) >= 256, 60)


def test_one_condition_of_one_specimen_is_materialized_from_the_ui(served, browser):
    address, data = served
    store = Layout(data).store(PARTITION)
    assert not store.exists()
    page = (
        f"{address}/assets/micrographs?view=partitions&partition={PARTITION.condition}%7C{PARTITION.specimen}"
    )
    browser.get(page)
    click(browser, "Materialize…")
    click(browser, "Launch 1 run")
    wait_for(store.is_dir, 180)

    def shown() -> bool:
        browser.get(page)
        time.sleep(3)
        return 32 in loaded_pictures(browser, "micrographs")

    wait_for(shown, 90)


def test_the_lineage_page_shows_all_five_assets(served, browser):
    address, _ = served
    browser.get(f"{address}/locations/hrtem_assets/asset-groups/hrtem/lineage")
    for name in ("structures", "exit_waves", "zero_defocus", "labels", "micrographs"):
        wait_for(functools.partial(on_page, browser, name), 60)
