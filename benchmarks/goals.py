"""What section 5 of the design asks of chatsdk, as a table, and whether a run got there.

"One chunk per packet" is asked of both ways such packets arrive: one by one, and piled up in a burst.
"""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.measure import Result, quartiles
from benchmarks.rows import FLOOR

_VIEWS = ("chatsdk chunks", "chatsdk text", "chatsdk deltas")
_SIXTY_FOUR = ("stream-64", "padded-64")
_TYPED_VIEWS = ("chatsdk elements", "chatsdk partials")


class Goal(NamedTuple):
    """Each bound that is set must hold: times F's CPU, times less than the cheapest openai row, seconds,
    times F's wall time, KiB per unit beyond F's, times its own CPU in a smaller work."""

    times_floor: float | None = None
    under_openai: float | None = None
    seconds: float | None = None
    times_wall: float | None = None
    memory: float | None = None
    flat: tuple[float, str] | None = None

    def __str__(self) -> str:
        bounds = (
            self.times_floor and f"<= {self.times_floor:g} F",
            self.under_openai and f"openai >= {self.under_openai:g} x",
            self.seconds and f"<= {self.seconds:g} s",
            self.times_wall and f"wall <= {self.times_wall:g} F",
            self.memory and f"<= {self.memory:g} KiB over F",
            self.flat and "<= {:g} x {}".format(*self.flat),
        )
        return ", ".join(bound for bound in bounds if bound)


GOALS: dict[tuple[str, str], Goal] = {
    **{("stream-1", view): Goal(1.1) for view in _VIEWS},
    **{("stream-1-burst", view): Goal(1.1) for view in _VIEWS},
    **{(work, view): Goal(1.0, under_openai=30) for work in _SIXTY_FOUR for view in _VIEWS},
    ("stream-1", "chatsdk events"): Goal(1.3),
    ("stream-1-burst", "chatsdk events"): Goal(1.3),
    **{(work, "chatsdk events"): Goal(1.75) for work in _SIXTY_FOUR},
    **{("items-32k", view): Goal(flat=(1.2, "items-1k")) for view in _TYPED_VIEWS},
    ("call-1", "chatsdk"): Goal(1.3, under_openai=6),
    ("call-100", "chatsdk"): Goal(1.3, under_openai=6),
    ("batch-1k", "chatsdk"): Goal(1.5),
    ("batch-20k", "chatsdk"): Goal(1.5, memory=0.5, flat=(1.2, "batch-1k")),
    ("held-3000", "chatsdk text"): Goal(times_wall=1.05, memory=20),
    ("import", "chatsdk"): Goal(seconds=0.1),
    ("answer", "chatsdk"): Goal(seconds=0.45),
}


def verdict(result: Result, results: Sequence[Result]) -> tuple[str, str]:
    """The goal in words, and `yes`, `no` or `unclear`: the ratios' middle half lies on both sides of it.

    How openai compares stands behind that, or that it was not measured and so not judged.
    """
    goal = GOALS.get((result.work, result.client))
    if goal is None:
        return "", ""
    if result.status != "ok":
        return str(goal), "no"
    said = []
    note = ""
    if goal.times_floor is not None:
        said.append(_against(result.ratios, goal.times_floor))
    if goal.times_wall is not None:
        said.append(_against(result.wall_ratios, goal.times_wall))
    if goal.memory is not None and (over := over_floor(result, results, "memory")) is not None:
        said.append("yes" if over <= goal.memory else "no")
    if goal.flat is not None:
        said.append(_against_smaller(result, results, *goal.flat))
    if goal.seconds is not None:
        said.append("yes" if result.cost <= goal.seconds * 1e6 else "no")
    if goal.under_openai is not None:
        peers = [each.cost for each in results if _is_openai(each, result.work)]
        times = min(peers) / result.cost if peers else None
        note = " (openai not measured)" if times is None else f" (openai {times:.0f} x)"
        if times is not None:
            said.append("yes" if times >= goal.under_openai else "no")
    return str(goal), next((word for word in ("no", "unclear", "yes") if word in said), "unclear") + note


def over_floor(result: Result, results: Sequence[Result], extra: str) -> float | None:
    """How far an extra is beyond F's, by medians; None where either is not known."""
    floor = next((each for each in results if (each.work, each.client) == (result.work, FLOOR)), result)
    if extra not in result.extras or extra not in floor.extras:
        return None
    return result.extra(extra) - floor.extra(extra)


def _against_smaller(result: Result, results: Sequence[Result], bound: float, work: str) -> str:
    smaller = [each.cost for each in results if (each.work, each.client, each.status) == (work, result.client, "ok")]
    return _against([sample / smaller[0] for sample in result.cpu] if smaller else (), bound)


def _against(ratios: Sequence[float], bound: float) -> str:
    if not ratios:
        return "unclear"
    low, high = quartiles(ratios)
    if low <= bound < high:
        return "unclear"
    return "yes" if high <= bound else "no"


def _is_openai(result: Result, work: str) -> bool:
    return result.work == work and result.status == "ok" and result.client.startswith("openai")
