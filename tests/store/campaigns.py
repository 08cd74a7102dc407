"""A small approved campaign for the tests of the store. Everybody in it is invented."""

from datetime import UTC, date, datetime

import polars as pl
from sqlalchemy import Engine

from nostop import store
from nostop.store import Act, Asked, Declared, Limits, Loaded, Ready
from tests.store.frames import SHA, plan, run

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
PLANNER, APPROVER = Act("Ada", AT), Act("Bo", AT)
NO_ARMS = pl.DataFrame(
    schema={"trial": pl.String(), "unit_id": pl.String(), "held": pl.Boolean(), "until": pl.Date()}
)
LIMITS = Limits(
    per_person=1,
    per_person_days=28,
    per_minute=1000,
    messages=None,
    budget_pence=None,
    list_hours=48,
)


def loaded(*people: str, stops: dict[str, str] | None = None, **settings: object) -> Loaded:
    stopped = stops or {"somebody-else": "opted_out"}
    given: dict[str, object] = {"as_of": None, "synthetic": True} | settings
    return Loaded(
        recipients=pl.DataFrame(
            {
                "person_id": list(people),
                "first_name": ["Sam"] * len(people),
                "surname": ["Sample"] * len(people),
                "language": ["en"] * len(people),
                "nation": ["england"] * len(people),
                "benefit_unit_id": [None] * len(people),
                "household_id": [None] * len(people),
            },
            schema_overrides={"benefit_unit_id": pl.String(), "household_id": pl.String()},
        ),
        points=pl.DataFrame(
            {
                "person_id": list(people),
                "kind": ["email"] * len(people),
                "value": [f"{who}@example.org" for who in people],
                "as_of": [date(2026, 5, 1)] * len(people),
            }
        ),
        suppressions=pl.DataFrame({"person_id": list(stopped), "reason": list(stopped.values())}),
        as_of=given["as_of"],  # type: ignore[arg-type]
        synthetic=bool(given["synthetic"]),
    )


def campaign(
    engine: Engine, *people: str, name: str = "spring", approved: bool = True, at: datetime = AT
) -> None:
    """A campaign of one e-mail to each of these people, planned by Ada and approved by Bo."""
    run_id = f"run-{name}"
    run(engine, run_id)
    store.load_register(engine, loaded(*people), at)
    rows = plan(*({"recipient_id": who} for who in people), campaign=name).with_columns(
        channel=pl.lit("letterbox"), contact_kind=pl.lit("email"), body_sha256=pl.lit(SHA)
    )
    declared = Declared(name, f"id: {name}", SHA, run_id, SHA, {"a.txt": "words"})
    store.record_campaign(engine, declared, rows, NO_ARMS, PLANNER)
    if approved:
        store.approve(engine, name, SHA, APPROVER)


def ready(engine: Engine, name: str = "spring", pence: int = 0) -> list[Ready]:
    rows = store.waiting(engine, name, "", 1000)
    return [
        Ready(row["message_id"], row["recipient_id"], "email", row["contact"], SHA, pence)
        for row in rows.to_dicts()
    ]


def asked(name: str = "spring", at: datetime = AT, **limits: int | None) -> Asked:
    usual = {field: getattr(LIMITS, field) for field in Limits.__dataclass_fields__}
    return Asked(name, SHA, Limits(**(usual | limits)), "sender:1:1", at)
