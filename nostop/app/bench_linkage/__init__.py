"""Linkage held against its bars: labelled sets, made-up records, and plain Splink beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from nostop.app.bench_linkage import labelled, measured
from nostop.app.bench_linkage.labelled import Labelled
from nostop.app.figures import MIB, Figure, Spent, at_least, at_most, spent_by
from nostop.app.stages import Listener, stage
from nostop.linkage.evaluate import LinkQuality
from nostop.linkage.model import MODEL_FILE, read_model
from nostop.model import SettingsError
from nostop.synth.hard.records import generate_records

#: Half of the true people to tune on, and the half to report on.
TUNE, REPORT = 0, 1
SEED = 20_260_601
#: Made-up people stand on this many registers, about.
_RECORDS_A_PERSON = 3


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    records: made-up records whose time and memory are taken.
    orders: orders of arrival that must give the same links.
    sets: the labelled sets.
    peer: whether plain Splink is run beside.
    """

    records: int = 3_000_000
    orders: int = 200
    sets: tuple[str, ...] = ("uk_300k", "historical_50k", "febrl4")
    peer: bool = True


def linkage_bars(sizes: Sizes, data: Path, listener: Listener) -> list[Figure]:
    """Measure linkage. Files go into a folder that is removed at the end.

    Raises:
        SettingsError: a labelled set is not in `data`, or a measured command failed.
    """
    figures: list[Figure] = []
    for name in sizes.sets:
        with stage(f"Linking {name}", listener):
            figures += _of_set(name, data)
        if sizes.peer:
            with stage(f"Plain Splink on {name}", listener):
                figures += _of_peer(name, labelled.read(name, data))
    if sizes.orders:
        with stage(f"Linking in {sizes.orders} orders", listener):
            figures.append(_of_orders(sizes.orders))
    if sizes.records:
        with stage(f"Linking {sizes.records:,} made-up records", listener):
            figures += _of_records(sizes.records)
    return figures


def _of_set(name: str, data: Path) -> Iterator[Figure]:
    half = labelled.read(name, data).half(REPORT)
    links, quality = measured.linked(half)
    yield from _of_quality(name, name, quality)
    yield from _BARS[name](name, quality)
    gap, _ = measured.miscalibration(half, read_model(MODEL_FILE))
    yield at_most(
        f"{name}_calibration", f"{name}: widest gap of a band above .9", gap, "points", 0.5
    )
    if half.groups is not None:
        yield from _of_groups(name, half, links)


def _of_quality(identity: str, told: str, quality: LinkQuality) -> Iterator[Figure]:
    for what, value, (low, high) in (
        ("precision", quality.precision, quality.precision_interval),
        ("recall", quality.recall, quality.recall_interval),
    ):
        interval = f"share ({low:.5f} to {high:.5f})"
        yield Figure(f"{identity}_{what}", f"{told}: {what} of pairs", round(value, 5), interval)


def _uk(name: str, quality: LinkQuality) -> list[Figure]:
    return [
        at_least(f"{name}_f1", f"{name}: F1 of pairs", quality.f1, 0.995),
        at_least(f"{name}_precise", f"{name}: precision", quality.precision, 0.999),
        at_least(f"{name}_complete", f"{name}: recall at that precision", quality.recall, 0.985),
    ]


def _historical(name: str, quality: LinkQuality) -> list[Figure]:
    return [at_least(f"{name}_f1", f"{name}: F1 of pairs", quality.f1, 0.88)]


def _febrl(name: str, quality: LinkQuality) -> list[Figure]:
    return [at_least(f"{name}_f1", f"{name}: F1 of pairs, no SSN", quality.f1, 0.999)]


def _any(name: str, quality: LinkQuality) -> list[Figure]:
    return [Figure(f"{name}_f1", f"{name}: F1 of pairs", round(quality.f1, 5), "share")]


_BARS = {"uk_300k": _uk, "historical_50k": _historical, "febrl4": _febrl, "fake_1000": _any}


def _of_groups(name: str, half: Labelled, links: pl.DataFrame) -> Iterator[Figure]:
    groups = half.groups
    if groups is None:
        return
    found = measured.twins(links, half.records, groups)
    share = 100 * found.merged / found.pairs if found.pairs else 0.0
    yield at_most(
        f"{name}_twins", f"{name}: twins merged, of {found.pairs:,} pairs", share, "%", 0.1
    )
    for column in ("sex", "age_band", "area"):
        gap = measured.recall_gap(links, groups, column)
        yield at_most(f"{name}_gap_{column}", f"{name}: recall gap by {column}", gap, "points", 1.0)


def _of_peer(name: str, whole: Labelled) -> Iterator[Figure]:
    try:
        peers = import_module("nostop.app.bench_linkage.peer")
    except ModuleNotFoundError as error:
        raise SettingsError(
            "bench: 'splink' is not installed: it comes with pip install 'nostop[peers]'; or "
            "measure without it"
        ) from error
    peer = peers.splink_on(whole.half(TUNE), whole.half(REPORT))
    told = f"{name}, plain Splink at {peer.threshold:g}"
    yield Figure(f"{name}_splink_f1", f"{told}: F1 of pairs", round(peer.quality.f1, 5), "share")
    yield from _of_quality(f"{name}_splink", told, peer.quality)


def _of_orders(orders: int) -> Figure:
    records = generate_records(100, SEED, hard=True).records
    differ = measured.orders_that_differ(records, orders)
    what = f"of {orders} orders of {records.height} records, those with other links"
    return at_most("orders_that_differ", what, differ, "orders", 0)


def _of_records(records: int) -> Iterator[Figure]:
    with TemporaryDirectory(prefix="nostop-bench-") as folder:
        file, out = Path(folder) / "records.parquet", Path(folder) / "links.parquet"
        made = generate_records(records // _RECORDS_A_PERSON, SEED)
        made.records.write_parquet(file)
        many = made.records.height / 1e6
        del made
        spent = spent_by(["link", str(file), "--out", str(out)])
    told = f"learn, score and cluster {many:.2f}M records"
    yield at_most("link_seconds", f"{told}, each million", spent.seconds / many, "s", 80)
    yield _cpu(spent, told, many)
    yield at_most("link_peak", f"memory to {told}", spent.peak_bytes / MIB, "MiB", 3 * 1024)


def _cpu(spent: Spent, told: str, many: float) -> Figure:
    value = round(spent.cpu_seconds / many, 1)
    return Figure("link_cpu_seconds", f"{told}, CPU, each million", value, "s")
