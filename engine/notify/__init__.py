"""What people are told: letters, the channels that carry them, and where they may go."""

from engine.notify.channels import send
from engine.notify.destinations import Console, Destination, DingTalk, Feishu, Mail, Secret, Webhook, WeCom
from engine.notify.digest import DailyDigest
from engine.notify.letter import SENT, Letter, Outcome, refused, retry
from engine.notify.outbox import Outbox
from engine.notify.postman import Channel, Postman
from engine.notify.quiet import quiet_until
from engine.notify.release import Release
from engine.notify.section import Mistake, Section, read_settings
from engine.notify.settings import read_destinations
from engine.notify.templates import Rendered, fields, render
from engine.notify.wire import Wire
from engine.notify.world import Nobody, Person, Reader, Route, Undeliverable, World

__all__ = [
    "SENT",
    "Channel",
    "Console",
    "DailyDigest",
    "Destination",
    "DingTalk",
    "Feishu",
    "Letter",
    "Mail",
    "Mistake",
    "Nobody",
    "Outbox",
    "Outcome",
    "Person",
    "Postman",
    "Reader",
    "Release",
    "Rendered",
    "Route",
    "Secret",
    "Section",
    "Undeliverable",
    "WeCom",
    "Webhook",
    "Wire",
    "World",
    "fields",
    "quiet_until",
    "read_destinations",
    "read_settings",
    "refused",
    "render",
    "retry",
    "send",
]
