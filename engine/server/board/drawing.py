"""A workflow as a picture: where its boxes and lines stand. Pure; a template turns it into SVG.

States stand in columns, each after those that lead to it, final ones last. Moves that lead on leave a box at its
right, each on a line of its own with its name; those that lead back run below all boxes. Moves that stay are named
inside their box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from engine.core.plan import State, Workflow

BOX: Final = 190  # all lengths are pixels
LINE: Final = 22  #: between two lines of text, and between two moves that leave a box
HEAD: Final = 34
GAP: Final = 26  #: between two boxes of a column
LANE: Final = 16  #: between two lines that lead back
MARGIN: Final = 16
#: Of a sign, at the size of the names.
WIDE, NARROW = 14, 7.5


class Box(NamedTuple):
    """`notes`: the moves that stay."""

    state: str
    title: str
    owner: str
    notes: tuple[str, ...]
    kind: str  #: first, final or plain
    x: float
    y: float
    width: float
    height: float


class Line(NamedTuple):
    """A move from a state to another: its way, and where its name stands."""

    name: str
    path: str
    x: float
    y: float
    back: bool


class Picture(NamedTuple):
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


class Flow(NamedTuple):
    """States in order, the moves between them by source and target, and those that stay, by state."""

    initial: str
    states: Mapping[str, State]
    leads: Mapping[tuple[str, str], tuple[str, ...]]
    stays: Mapping[str, tuple[str, ...]]


def draw(workflow: Workflow, title: Callable[[str, str], str], owner: Callable[[State], str]) -> Picture:
    """`title` says an id and a title in the reader's language, `owner` who answers for a state."""
    flow = flow_of(workflow, title)
    columns = columns_of(flow)
    place = {state: column for column, states in enumerate(columns) for state in states}
    edges = _edges(flow, place)
    boxes = _boxes(flow, columns, edges, title, owner)
    bottom = max(box.y + box.height for box in boxes.values())
    lines = _lines(boxes, edges, place, bottom)
    back = sum(line.back for line in lines)
    right = max([box.x + box.width for box in boxes.values()] + [line.x + text_width(line.name) + 30 for line in lines])
    return Picture(right + MARGIN, bottom + MARGIN + LANE * (back + bool(back)), tuple(boxes.values()), tuple(lines))


def flow_of(workflow: Workflow, title: Callable[[str, str], str]) -> Flow:
    states = {state.id: state for state in workflow.states.values() if state.id != "merged"}
    leads: dict[tuple[str, str], list[str]] = {}
    stays: dict[str, list[str]] = {state: [] for state in states}
    for move in workflow.moves.values():
        for source in states:
            if source in move.sources:
                name = title(move.id, move.title)
                if move.to is None or move.to == source:
                    stays[source].append(name)
                elif move.to in states:
                    leads.setdefault((source, move.to), []).append(name)
    return Flow(
        workflow.initial,
        states,
        {way: tuple(names) for way, names in leads.items()},
        {state: tuple(names) for state, names in stays.items()},
    )


def columns_of(flow: Flow) -> list[list[str]]:
    """States by how many moves lead to them at most, taken in the order of the policy; final ones stand last."""
    order = {state: number for number, state in enumerate(flow.states)}
    rank: dict[str, int] = {}
    for id in flow.states:
        before = [source for source, to in flow.leads if to == id and order[source] < order[id]]
        rank[id] = max((rank[source] + 1 for source in before), default=0)
    last = max((rank[id] for id, state in flow.states.items() if not state.final), default=0) + 1
    found: dict[int, list[str]] = {}
    for id, state in flow.states.items():
        found.setdefault(last if state.final else rank[id], []).append(id)
    return [found[column] for column in sorted(found)]


def _edges(flow: Flow, place: Mapping[str, int]) -> list[tuple[str, str, str]]:
    """One line for each pair of states, with the names of its moves; those of a box in the order of their targets."""
    order = {state: number for number, state in enumerate(flow.states)}
    pairs = sorted(flow.leads, key=lambda way: (order[way[0]], place[way[1]] <= place[way[0]], order[way[1]]))
    return [(source, to, " / ".join(flow.leads[source, to])) for source, to in pairs]


def _boxes(
    flow: Flow,
    columns: Iterable[list[str]],
    edges: list[tuple[str, str, str]],
    title: Callable[[str, str], str],
    owner: Callable[[State], str],
) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    x = float(MARGIN)
    for states in columns:
        y = float(MARGIN)
        for id in states:
            state = flow.states[id]
            leaving = sum(source == id for source, _, _ in edges)
            notes = () if state.final else flow.stays[id]
            height = max(HEAD + LINE * (bool(owner(state)) + len(notes)) + 10, LINE * leaving + 20)
            kind = "first" if id == flow.initial else "final" if state.final else "plain"
            boxes[id] = Box(id, title(id, state.title), owner(state), notes, kind, x, y, BOX, height)
            y += height + GAP
        names = [text_width(name) for source, _, name in edges if source in states]
        into = sum(to in states for _, to, _ in edges)
        x += BOX + max(names, default=0) + 70 + 6 * into
    return boxes


def _lines(
    boxes: Mapping[str, Box], edges: list[tuple[str, str, str]], place: Mapping[str, int], bottom: float
) -> list[Line]:
    found: list[Line] = []
    left: dict[str, int] = {}
    came: dict[str, int] = {}
    lane = 0
    for source, to, name in edges:
        one, other = boxes[source], boxes[to]
        out = left[source] = left.get(source, -1) + 1
        into = came[to] = came.get(to, -1) + 1
        x, y = one.x + one.width, one.y + 24 + LINE * out
        turn = x + text_width(name) + 18
        end_y = other.y + min(20 + 13 * into, other.height - 8)
        if place[to] > place[source]:
            middle = (turn + other.x) / 2
            path = f"M{x:g} {y:g}H{turn:g}C{middle:g} {y:g} {middle:g} {end_y:g} {other.x:g} {end_y:g}"
            found.append(Line(name, path, x + 8, y - 5, back=False))
            continue
        lane += 1
        low, turn, up = bottom + LANE * lane, turn + 5 * lane, other.x - 8 - 5 * lane
        path = f"M{x:g} {y:g}H{turn:g}V{low:g}H{max(up, 3):g}V{end_y:g}H{other.x:g}"
        found.append(Line(name, path, x + 8, y - 5, back=True))
    return found


def text_width(text: str) -> float:
    return sum(NARROW if sign.isascii() else WIDE for sign in text)
