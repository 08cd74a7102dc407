"""Working out a situation that a service sends."""

from typing import Annotated

from fastapi import Body, Request

from nostop.app.api_evaluating import EvaluationShelf, Question, evaluate
from nostop.app.rules import rules_at
from nostop.model import SettingsError, SituationError
from nostop.web.api import models
from nostop.web.api.keys import Called
from nostop.web.api.problems import Refused
from nostop.web.api.routes import COST, SCOPE, api_router, problems

router = api_router("Evaluations")


@router.post(
    "/evaluations",
    operation_id="evaluate",
    summary="Work out a situation",
    response_model=models.Evaluation,
    responses=problems("not-for-this-key", "too-large", "wrong-content-type", "invalid"),
    openapi_extra={SCOPE: "evaluate", COST: 5},
)
def evaluate_situation(
    request: Request, call: Called, asked: Annotated[models.EvaluationRequest, Body()]
) -> models.Evaluation:
    """Says what the rules find for a situation on a day, and why. Nothing of it is stored. What is
    found is indicative: only people decide. Amounts of a scheme that is claimed, or may be, and
    everything adverse about it, are null."""
    shelf: EvaluationShelf = request.app.state.api_shelf
    rules = call.house.settings.rules
    question = Question(asked.situation, asked.on, asked.schemes)
    try:
        found = evaluate(shelf, rules, question, call.at)
    except SituationError as error:
        raise Refused("invalid", [("/situation", str(error))]) from None
    except SettingsError as error:
        field, _, text = str(error).partition(": ")
        raise Refused("invalid", [(f"/{field}", text)]) from None
    packs = rules_at(rules, call.at).packs
    return models.Evaluation(
        effective_on=found.effective_on,
        determinations=[
            models.Determination(**models.determination(row, packs[row["scheme"]].title.en, why))
            for row, why in found.found
        ],
    )
