"""A check of schemathesis beside its own: a request that the contract allows is called invalid only for a reason that a schema
cannot say. Anything else is a rule that the contract lacks."""

import schemathesis

# Codes of bad fields.
NOT_OF_A_SCHEMA = {
    "invalid_cursor",  # It is one that was given out.
    "duplicate",  # A product of an order, or an ingredient of a recipe, is there twice.
    "unknown_currency",
    "currency_not_in_use",
    "not_together",  # Each parameter is good, and one of them is of another list.
    "not_a_url",  # It is read as a browser reads it.
    "too_long",  # Some limits are in bytes, and those of a schema in characters.
}

# Times are judged by the clock, and by each other; a subject by its bytes.
OUT_OF_RANGE = {"/fireAt", "/hours", "/minutes", "/seconds", "from", "to", "subject"}


def reasons(problem):
    """The bad fields of a problem. Those of a batch are of its events, of which a schema takes any."""
    return [] if "results" in problem else problem.get("errors", [])


@schemathesis.check
def valid_by_the_contract(ctx, response, case):
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 400:
        return
    for error in reasons(response.json()):
        out_of_range = error["code"] == "out_of_range" and error["field"] in OUT_OF_RANGE
        assert out_of_range or error["code"] in NOT_OF_A_SCHEMA, f"The contract allows it: {error}"
