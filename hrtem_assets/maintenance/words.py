"""Plans, verdicts and chains in words, for a terminal."""

from collections.abc import Iterator, Sequence

from hrtem_assets.assets.lineage import in_words
from hrtem_assets.execution.progress import duration
from hrtem_assets.maintenance.outlook import Outlook
from hrtem_assets.maintenance.plan import STATES, PartitionPlan
from hrtem_assets.maintenance.trace import Comparison, Link
from hrtem_assets.maintenance.verify import Verdict
from hrtem_assets.store import DEVICES
from hrtem_assets.store.reading import row_name, row_word

MOST_LINES = 20
NO_RATE = "no rate measured yet: run the demo"


def size(count: float) -> str:
    """Bytes in words: `512 B`, `3.1 MB`, `17.4 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.2f} TB"


def counted(count: int, word: str) -> str:
    """`1 structure`, `3 structures`."""
    return f"{count} {word}{'s' * (count != 1)}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines, columns aligned: the first and the last to the left, the others to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        cells = [
            text.ljust(width) if k in (0, len(row) - 1) else text.rjust(width)
            for k, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def plan_lines(plans: Sequence[PartitionPlan], outlook: Outlook) -> Iterator[str]:
    """A plan by asset, in total, and what is partial or stale.

    Args:
        plans: at least one.
        outlook: what they need, and what there is.
    """
    workers = outlook.workers
    assets = dict.fromkeys(p.partition.asset for p in plans)
    rows = [["asset", *STATES, "to make", "CPU h", "GPU h", "wall h", "memory", "disk", "measured on"]]
    rows += [[a, *_cells([p for p in plans if p.partition.asset == a], workers)] for a in assets]
    yield from table([*rows, ["total", *_cells(plans, workers)[:-1], ""]])
    if any(p.seconds is None for p in plans):
        yield "- : no rate measured yet: run the demo, or make one specimen; the total leaves these out"
    else:
        seconds = sum(p.seconds or 0 for p in plans) / workers
        yield f"{duration(seconds)} with {workers} workers"
    if (several := max(p.rows_per_structure for p in plans)) > 1:
        yield f"images_per_structure = {several}: of assets under conditions, {several} images a structure are counted"
    yield from need_lines(outlook)
    yield from _some(
        [f"partial  {p.partition}: {p.done} of {p.wanted} structures" for p in plans if p.state == "partial"]
    )
    yield from _some(
        [
            f"stale    {p.partition}: {line}" + (f" (and {len(p.why) - 1} more)" if len(p.why) > 1 else "")
            for p in plans
            if p.state == "stale"
            for line in p.why[:1]
        ]
    )


def need_lines(outlook: Outlook) -> Iterator[str]:
    """Memory and disk that the rest of a plan needs, what there is, and particles that may not find room."""
    if fit := outlook.fit:
        supply = "not known" if fit.room.bytes is None else size(fit.room.bytes)
        yield (
            f"memory: up to {size(fit.bytes)} in a worker process ({fit.work}); {fit.room.name}: {supply}, room for "
            f"{fit.workers} of {fit.room.sharing} workers"
        )
    if outlook.left:
        how = " (estimated from grid, phonons and atoms)" if outlook.disk_is_estimated else ""
        supply = "no limit is known"
        if outlook.free_bytes is not None:
            enough = "enough" if outlook.disk_bytes < outlook.free_bytes else "NOT ENOUGH"
            supply = f"{size(outlook.free_bytes)} are free: {enough}"
        yield f"disk: {size(outlook.disk_bytes)}{how}; {supply}"
    for odds in outlook.crowded:
        yield (
            f"crowded: of {odds.draws} trials with {odds.asked} particles of size {odds.size}, {odds.fewer} found room "
            f"for fewer; lower placement.count_max or separation_a, or enlarge the cell"
        )


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """One store's verdict, with what is damaged and what repairs it."""
    if verdict.intact:
        yield f"intact   {verdict.partition}: {_held(verdict)}"
        yield from _failed(verdict)
        yield from (f"remark   {verdict.partition}: {words}" for words in verdict.remarks)
        return
    for words in verdict.whole:
        yield f"{'missing ' if verdict.absent else 'damaged '} {verdict.partition}: {words}"
    yield from _some(
        [
            f"damaged  {verdict.partition}, {row_name(index, verdict.rows_per_structure)}: {'; '.join(words)}"
            for index, words in verdict.damaged.items()
        ]
    )
    for words in in_words(verdict.outdated, row_word(verdict.rows_per_structure)):
        yield f"wrong    {verdict.partition}, {words}"
    yield from _failed(verdict)
    for words in verdict.chain:
        yield f"broken   {verdict.partition}: {words}"
    if verdict.overrides:
        yield f"         made with overrides, to be given again by --config: {dict(verdict.overrides)}"
    yield "         repair with: " + " && ".join(verdict.repair)


def _held(verdict: Verdict) -> str:
    held, each = counted(verdict.structures, "structure"), verdict.rows_per_structure
    return held if each == 1 else f"{counted(verdict.structures * each, 'image')} of {held}"


def _failed(verdict: Verdict) -> Iterator[str]:
    yield from _some(
        [
            f"not made {verdict.partition}, {row_name(index, verdict.rows_per_structure)}: {why}"
            for index, why in verdict.failures.items()
        ]
    )


def link_lines(link: Link) -> Iterator[str]:
    """One store of a chain."""
    provenance, recipe = link.info.attributes["provenance"], link.info.recipe
    packages = recipe.packages | recipe.settings.get("engine_versions", {})
    versions = ", ".join(f"{name} {version}" for name, version in packages.items() if name != "code")
    # of the others the row is the structure that was asked for
    yield f"{link.partition}" + (f", {link.info.row_name(link.row)}" if link.info.row_word == "image" else "")
    for name, seed in link.seeds.items():
        yield f"  {name:<10} {seed}"
    if link.drawn and not link.failure:
        yield f"  drawn      {', '.join(link.drawn)}"
    yield f"  digest     {link.digest}"
    yield f"  recipe     {recipe.digest}, campaign seed {recipe.seed}, code version {recipe.code_version}"
    yield f"  packages   hrtem-assets {provenance.get('package_version', 'unknown')}, {versions}"
    who = f" by {provenance['user']} on {provenance['host']}" if {"user", "host"} <= provenance.keys() else ""
    yield f"  run        {link.run_id}{who}"
    yield f"  made       {link.made_at:%Y-%m-%d %H:%M:%S} UTC in {link.seconds:.2f} s"
    if provenance.get("overrides"):
        yield f"  overrides  {provenance['overrides']}"
    if link.failure:
        yield f"  NOT MADE   {link.failure}"
    if link.info.pruned:
        yield f"  pruned     {', '.join(link.info.pruned)}"
    for words in link.upstream_changed:
        yield f"  CHANGED    {words}"


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """One rebuilt asset beside the stored one."""
    if comparison.different:
        yield f"DIFFERENT  {comparison.partition}"
        yield from (f"           {words}" for words in comparison.different)
    else:
        yield f"identical  {comparison.partition}"
    yield from (f"           {words}" for words in comparison.versions)


def _cells(plans: Sequence[PartitionPlan], workers: int) -> list[str]:
    counts = [str(sum(p.state == state for p in plans)) for state in STATES]
    left, known = sum(p.rows_left for p in plans), [p for p in plans if p.seconds is not None]
    basis = sorted({s for p in plans if p.rate is not None for s in p.rate.basis})
    if left and not any(p.left for p in known):
        return [*counts, str(left), *"-----", NO_RATE]
    hours = {
        device: sum(p.seconds or 0 for p in known if p.rate is not None and p.rate.device == device) / 3600
        for device in DEVICES
    }
    return [
        *counts,
        str(left),
        *(f"{hours[device]:.2f}" for device in DEVICES),
        f"{sum(hours.values()) / workers:.2f}",
        size(max((p.rate.memory_bytes for p in known if p.rate is not None), default=0)),
        size(sum(p.bytes or 0 for p in known)),
        ", ".join(basis),
    ]


def _some(lines: list[str]) -> Iterator[str]:
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"         and {len(lines) - MOST_LINES} more; --json lists all"
