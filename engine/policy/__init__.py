"""The policy language: YAML in, Plan or diagnostics out."""

from engine.policy.diagnostics import Diagnostic, Label, as_json, failed, in_order
from engine.policy.document import read_document
from engine.policy.mapping import MappingFile, Reading, TicketMapping, load_mapping
from engine.policy.nodes import Broken, Entry, List, Map, Node, Null, Text
from engine.policy.promises import Drawing, Part, Section, Table, drawings, headline, promise
from engine.policy.render import render, render_github, render_json, summary
from engine.policy.room import (
    Loaded,
    ScenarioDocument,
    json_schema,
    load,
    load_named,
    load_scenario_document,
    load_text,
    near_names,
)
from engine.policy.shipped import shipped_policies
from engine.policy.source import Source, Span
from engine.policy.suggest import did_you_mean
from engine.policy.teller import CAUSES, PARTIES, REASONS, STATUSES, Teller, number_text
from engine.policy.words import Words

__all__ = [
    "CAUSES",
    "PARTIES",
    "REASONS",
    "STATUSES",
    "Broken",
    "Diagnostic",
    "Drawing",
    "Entry",
    "Label",
    "List",
    "Loaded",
    "Map",
    "MappingFile",
    "Node",
    "Null",
    "Part",
    "Reading",
    "ScenarioDocument",
    "Section",
    "Source",
    "Span",
    "Table",
    "Teller",
    "Text",
    "TicketMapping",
    "Words",
    "as_json",
    "did_you_mean",
    "drawings",
    "failed",
    "headline",
    "in_order",
    "json_schema",
    "load",
    "load_mapping",
    "load_named",
    "load_scenario_document",
    "load_text",
    "near_names",
    "number_text",
    "promise",
    "read_document",
    "render",
    "render_github",
    "render_json",
    "shipped_policies",
    "summary",
]
