"""The JSON API under `/api/v1`: what a desk, a phone system or a report needs, each route with the action it is."""

from engine.server.api.app import add_api, astray

__all__ = ["add_api", "astray"]
