"""A real `hrtem ui` for tests and measurements: webserver, daemon and code location in processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from hrtem_assets.store.layout import Layout

REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "hrtem_assets"}
HRTEM = (sys.executable, "-m", "hrtem_assets")


@dataclass(frozen=True)
class Served:
    """A running UI.

    Attributes:
        address: of its pages.
        data: folder of everything written.
        campaign: the campaign file that it was started with.
        process: the server, leader of its own process group.
    """

    address: str
    data: Path
    campaign: Path
    process: subprocess.Popen[str]

    @property
    def layout(self) -> Layout:
        """Where its stores lie."""
        return Layout(self.data)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Its Dagster instance, opened beside it."""
        with dg.DagsterInstance.from_config(str(self.data / "dagster_home")) as instance:
            yield instance

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask as the pages do."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.address}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            answer = json.load(reply)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def launch_backfill(self, assets: list[str], partitions: list[str]) -> str:
        """Launch a backfill as the dialog `Materialize` does; its id."""
        answer = self.graphql(
            """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
            __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }""",
            p={
                "assetSelection": [{"path": [asset]} for asset in assets],
                "partitionNames": partitions,
                "tags": [],
                "fromFailure": False,
            },
        )["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return answer["backfillId"]

    def backfill(self, backfill_id: str) -> dict[str, Any]:
        """Status and title of a backfill."""
        return self.graphql(
            """query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
            status title timestamp endTimestamp tags { key value } } } }""",
            id=backfill_id,
        )["partitionBackfillOrError"]

    def backfills(self) -> list[dict[str, Any]]:
        """Every backfill, the newest first."""
        return self.graphql(
            "{ partitionBackfillsOrError { ... on PartitionBackfills { results { id title status } } } }"
        )["partitionBackfillsOrError"]["results"]

    def switch(self, kind: str, name: str, on: bool) -> None:
        """Switch a schedule or a sensor on or off, as the pages do."""
        if on:
            answer = self.graphql(
                f"mutation($s: {kind}Selector!) {{ start{kind}({kind.lower()}Selector: $s) {{ __typename"
                " ... on PythonError { message } } }",
                s=REPOSITORY | {f"{kind.lower()}Name": name},
            )[f"start{kind}"]
        else:
            verb = "stopRunningSchedule" if kind == "Schedule" else "stopSensor"
            answer = self.graphql(
                f"mutation($id: String!) {{ {verb}(id: $id) {{ __typename ... on PythonError {{ message }} }} }}",
                id=self._state(name)["id"],
            )[verb]
        assert "Error" not in answer["__typename"], answer

    def ticks(self, name: str) -> list[dict[str, Any]]:
        """Finished ticks of a schedule or sensor, the oldest first."""
        ticks = self._state(name)["ticks"]
        return [t for t in reversed(ticks) if t["status"] != "STARTED"]

    def _state(self, name: str) -> dict[str, Any]:
        return self.graphql(
            """query($s: InstigationSelector!) { instigationStateOrError(instigationSelector: $s) {
            ... on InstigationState { id status ticks(limit: 50) {
            timestamp endTimestamp status skipReason runIds error { message } } } } }""",
            s=REPOSITORY | {"name": name},
        )["instigationStateOrError"]

    def stale(self, asset: str) -> list[str]:
        """Partitions of an asset that the pages show as unsynced."""
        node = self.graphql(
            """query($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode {
            partitionKeys staleStatusByPartition } } }""",
            k={"path": [asset]},
        )["assetNodeOrError"]
        pairs = zip(node["partitionKeys"], node["staleStatusByPartition"], strict=True)
        return [key for key, status in pairs if status == "STALE"]

    def log(self) -> str:
        """What it printed."""
        return self.data.with_name("ui.log").read_text("utf-8", errors="replace")


def prepared(root: Path, campaign_yaml: str, **environment: str) -> dict[str, str]:
    """Write a campaign file under a folder; the environment of commands that use it, with data beside it.

    Args:
        root: the folder.
        campaign_yaml: text of the campaign file.
        environment: further variables.
    """
    campaign = root / "campaign.yaml"
    campaign.write_text(campaign_yaml, "utf-8")
    variables = {"HRTEM_CAMPAIGN": str(campaign), "HRTEM_DATA": str(root / "data")}
    found = os.environ | variables | environment
    found.pop("DAGSTER_HOME", None)
    return found


@contextmanager
def serve(root: Path, campaign_yaml: str, **environment: str) -> Iterator[Served]:
    """Start `hrtem ui` on an empty port, with a campaign file and data under a folder; ended at the end.

    Args:
        root: an empty folder, or one that was served before.
        campaign_yaml: text of the campaign file.
        environment: further variables.
    """
    campaign = root / "campaign.yaml"
    campaign.write_text(campaign_yaml, "utf-8")
    variables = os.environ | {"HRTEM_CAMPAIGN": str(campaign), "HRTEM_DATA": str(root / "data")} | environment
    variables.pop("DAGSTER_HOME", None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (root / "ui.log").open("w") as log:
        process = subprocess.Popen(
            [*HRTEM, "ui", "--port", str(port)],
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
    served = Served(f"http://127.0.0.1:{port}", root / "data", root / "campaign.yaml", process)
    try:
        wait_for(lambda: answers(served.address), 180)
        yield served
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(address: str) -> bool:
    """Whether a page is served."""
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait_for(condition: Callable[[], Any], seconds: float, every: float = 0.5) -> Any:
    """Poll until a condition holds; fail loudly when it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(every)
    raise AssertionError(f"not seen within {seconds} s")
