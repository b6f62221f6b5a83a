"""What people are told: letters, the channels that carry them, and where they may go."""

from engine.notify.channels import send
from engine.notify.destinations import Console, Destination, DingTalk, Feishu, Mail, Secret, Webhook, WeCom
from engine.notify.letter import SENT, Letter, Outcome, refused, retry
from engine.notify.section import Mistake
from engine.notify.settings import DestinationsError, read_destinations
from engine.notify.templates import Rendered, fields, render
from engine.notify.wire import Wire

__all__ = [
    "SENT",
    "Console",
    "Destination",
    "DestinationsError",
    "DingTalk",
    "Feishu",
    "Letter",
    "Mail",
    "Mistake",
    "Outcome",
    "Rendered",
    "Secret",
    "WeCom",
    "Webhook",
    "Wire",
    "fields",
    "read_destinations",
    "refused",
    "render",
    "retry",
    "send",
]
