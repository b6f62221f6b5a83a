"""From a typed document to a Plan: every name is looked up, every text becomes a value of the core."""

from engine.policy.compile.desk import Desk
from engine.policy.compile.plan import compile_plan

__all__ = ["Desk", "compile_plan"]
