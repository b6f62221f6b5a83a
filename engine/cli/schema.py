"""`huiyin schema`: the grammar as JSON Schema, for editors."""

from __future__ import annotations

import json

import click


@click.command("schema")
@click.argument("kind", type=click.Choice(["policy", "scenario"]))
def command(kind: str) -> None:
    """Print the JSON Schema of policy or scenario files.

    Point an editor at it by the first line of a file: `# yaml-language-server: $schema=policy.json`.
    """
    from engine.policy import json_schema

    click.echo(json.dumps(json_schema(kind), ensure_ascii=False, indent=2))
