"""A small town for the tests of daily changes: three sources, slips, moves, and who looks alike."""

from datetime import date, timedelta

import polars as pl

from tests.linkage.people import SCHEMA

_FIRST = ["Grace", "Peter", "Molly", "Arun", "Siobhan", "Owen", "Aisha", "Tomasz", "Jane", "Kofi"]
_LAST = ["Amadi", "Novak", "Hargreaves", "Shah", "Reid", "Mensah", "Khan", "Dunne"]


def town(people: int) -> pl.DataFrame:
    """Return three records of each person, as three sources would see them."""
    rows = []
    for n in range(people):
        first, surname = _FIRST[n * 7 % 10], f"{_LAST[n * 3 % 8]}{chr(97 + n % 26)}"
        same = {
            "born_on": date(1950, 1, 1) + timedelta(days=n * 211),
            "sex": "female" if n % 2 else "male",
            "uprn": str(99900000000 + n // 2),
            "address_line_1": f"{n // 2} Alder Road",
            "postcode": f"ZZ{n // 2 % 9 + 1} {n % 7 // 2 + 1}AA",
        }
        for source in ("dwp", "nhs", "rti"):
            moved = source == "rti" and n % 5 == 0
            rows.append(
                {
                    **dict.fromkeys(SCHEMA),
                    **same,
                    **({"uprn": None, "postcode": "ZZ9 9ZZ"} if moved else {}),
                    "source": source,
                    "record_id": f"{n:03}",
                    "nino": None if source == "nhs" else f"QQ{n:06}A",
                    "first_name": first[:-1] if source == "nhs" and n % 4 == 0 else first,
                    "surname": surname,
                }
            )
    return pl.DataFrame(rows, schema=SCHEMA)
