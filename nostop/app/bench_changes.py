"""What a night brings, for benches and tests: some rows of a made-up district's feeds say something
else than the day before."""

import csv
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from nostop.app.truth_check import truth_dir

_PERSON = ("nino", "forename", "middle_names", "surname", "dob", "sex", "addr1", "town", "postcode")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Night:
    """How many rows a night changed, by what happened."""

    pay: int
    awards: int
    deaths: int
    moves: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.pay + self.awards + self.deaths + self.moves


def night(feeds: Path, out: Path, share: float, seed: int) -> Night:
    """Copy the feeds of a made-up district, with other pay, new awards, deaths and moves.

    Args:
        feeds: as `nostop synth` writes them.
        out: the folder for the copy; it must not be there yet.
        share: of the rows of pay, awards and the register of residents, how many change.
        seed: the same seed changes the same rows.
    """
    shutil.copytree(feeds, out, ignore=shutil.ignore_patterns(truth_dir(feeds).name))
    chance = random.Random(seed)  # noqa: S311 - no secret rests on it
    pay = _rows_changed(out / "hmrc_rti.csv", share, chance, _other_pay)
    awards = _rows_changed(out / "dwp_awards.csv", share, chance, _new_awards)
    deaths, moves = _residents_changed(out / "nhs_register.json", share, chance)
    return Night(pay, awards, deaths, moves)


def _rows_changed(
    path: Path,
    share: float,
    chance: random.Random,
    change: Callable[[list[Row], int, random.Random], None],
) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    rows: list[Row] = list(csv.DictReader(StringIO(text)))
    count = max(1, round(share * len(rows)))
    change(rows, count, chance)
    ending = "\r\n" if "\r\n" in text else "\n"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator=ending)
        writer.writeheader()
        writer.writerows(rows)
    return count


def _other_pay(rows: list[Row], count: int, chance: random.Random) -> None:
    for row in chance.sample(rows, count):
        row["taxable_pay"] = f"{float(row['taxable_pay']) * chance.uniform(0.5, 1.5):.2f}"


def _new_awards(rows: list[Row], count: int, chance: random.Random) -> None:
    """Give people awards as others have them."""
    for number, row in enumerate(chance.sample(rows, count)):
        other = chance.choice(rows)
        new = {**other, **{name: row[name] for name in _PERSON}}
        new |= {name: "" for name in row if name.startswith("partner_")}
        rows.append({**new, "award_ref": f"AW9{number:07d}"})


def _residents_changed(path: Path, share: float, chance: random.Random) -> tuple[int, int]:
    bundle = json.loads(path.read_text(encoding="utf-8"))
    resources = [entry["resource"] for entry in bundle["entry"]]
    people = [each for each in resources if each["resourceType"] == "Patient"]
    changed = chance.sample(people, max(2, round(share * len(people))))
    dying = max(1, len(changed) // 20)
    for person in changed[:dying]:
        person.setdefault("deceasedDateTime", person["meta"]["lastUpdated"][:10])
    for person in changed[dying:]:
        person["address"] = chance.choice(people).get("address", [])
    lines = ",\n".join(
        json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in bundle["entry"]
    )
    head = {name: value for name, value in bundle.items() if name != "entry"}
    opening = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
    path.write_text(f'{opening},"entry":[\n{lines}\n]}}\n', encoding="utf-8")
    return dying, len(changed) - dying
