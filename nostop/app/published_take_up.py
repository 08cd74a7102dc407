"""Take-up as departments have published it, to hold our ranges against. Each figure is of one year
and place, and of its own definition: it is a mark beside a range, and no part of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedTakeUp:
    """One published figure: a share of those entitled (0 to 1), of which year and place, and
    where it was read."""

    share: float
    year: str
    place: str
    source: str


#: By scheme; only figures that were read in the publication itself.
PUBLISHED = {
    "best_start_foods": PublishedTakeUp(
        0.92, "2022 to 2023", "Scotland", "Scottish Government, take-up rates of Scottish benefits"
    ),
    "healthy_start": PublishedTakeUp(
        0.627,
        "August and September 2022",
        "England, Wales and Northern Ireland",
        "NHS Business Services Authority, Healthy Start uptake data",
    ),
    "housing_benefit": PublishedTakeUp(
        0.8, "2018 to 2019", "Great Britain", "Department for Work and Pensions, benefit take-up"
    ),
    "pension_credit": PublishedTakeUp(
        0.63,
        "2021 to 2022",
        "Great Britain",
        "Department for Work and Pensions, research report 96",
    ),
    "scottish_child_payment": PublishedTakeUp(
        0.89, "2023 to 2024", "Scotland", "Scottish Government, take-up rates of Scottish benefits"
    ),
}
