"""The experiments that come with the program: their names, what each asks, and what its plan holds."""

from everyhow.sweeps.plan import EPOCH, Plan, named_plans, read_plan, value_text
from everyhow.sweeps.settings import flat

from .markup import FromMarkdown, code, table


class Experiments(FromMarkdown):
    """A list of every named experiment."""

    def markdown(self) -> str:
        """A line for each."""
        plans = [read_plan(name) for name in named_plans()]
        rows = [(code(plan.name), plan.title, swept(plan), f"{plan.networks:,}") for plan in plans]
        return table(("experiment", "what it asks", "what is swept", "networks"), rows)


def swept(plan: Plan) -> str:
    """The swept options of a plan, each with its values."""
    found = []
    for option in plan.axis:
        if option == EPOCH:
            values = list(dict.fromkeys(epoch for point in plan.points for epoch in flat(point)["checkpoints"]))
        else:
            values = list(dict.fromkeys(plan.levels(point)[option] for point in range(len(plan.points))))
        found.append(f"{code(option)}: {'; '.join(map(value_text, values))}")
    return "; ".join(found) or "nothing"
