"""Figures about the daemon itself, as Prometheus reads them. Labels are sites, channels and kinds: never a ticket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from engine import __version__
from engine.runtime import empty_posts
from engine.server.api.route import ApiRoute
from engine.server.auth import Caller, Gate, needs
from engine.store.tables.deliveries import Deliveries

router = APIRouter(route_class=ApiRoute)
TEXT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", include_in_schema=False)
def metrics(caller: Annotated[Caller, needs("metrics.read")]) -> Response:
    """Everything there is, worked out when it is asked for; by a token with `metrics:read`."""
    registry = CollectorRegistry()
    registry.register(_Figures(caller.gate))
    return Response(generate_latest(registry), media_type=TEXT)


class _Figures(Collector):
    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._daemon = gate.daemon

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("huiyin_build", "What runs.", {"version": __version__})
        yield from self._of_the_daemon()
        yield from self._of_sites()
        yield from self._of_messages()

    def _of_the_daemon(self) -> Iterator[Metric]:
        daemon = self._daemon
        yield _gauge("fire_last_success_timestamp_seconds", "When the loop last came round.", daemon.engine.beat.at)
        yield _gauge("audit_last_success_timestamp_seconds", "When the auditor last came round.", daemon.auditor.at)
        yield _gauge("clock_held_seconds", "By how much a clock that was set is not obeyed.", daemon.clock.held)
        yield CounterMetricFamily("huiyin_defects", "Requests that failed by our fault.", self._gate.defects.count)

    def _of_sites(self) -> Iterator[Metric]:
        engine, auditor = self._daemon.engine, self._daemon.auditor
        sites = dict(engine.services)  # a site may be opened meanwhile
        unread = self._daemon.figures.unread()
        troubles = Counter((one.what, one.site) for one in list(auditor.troubles.values()))
        behind = {name: engine.beat.behind.get(name, 0) for name in sites}
        yield _by("timer_lag_seconds", "How far a site is behind its timers.", ["site"], behind.items())
        parked = {name: len(service.parked) for name, service in sites.items()}
        yield _by("families_parked", "Tickets that cannot be brought up to date.", ["site"], parked.items())
        unopened = {name: len(service.unopened) for name, service in sites.items()}
        yield _by("unopened", "Duties and reports that cannot be opened.", ["site"], unopened.items())
        empty = {name: len(empty_posts(service.site, self._daemon.clock())) for name, service in sites.items()}
        yield _by("posts_empty", "Roles of which fewer are there than have to be.", ["site"], empty.items())
        failing = {name: name in engine.beat.failing for name in (*sites, *engine.shut)}
        yield _by("site_failing", "1: it could not be opened, or the loop fails at it.", ["site"], failing.items())
        good = {name: name not in engine.refused for name in sites}
        yield _by("policy_last_reload_successful", "0: the newest file was refused.", ["site"], good.items())
        yield _by("figures_unread", "Tickets that figures lacked when they were found last.", ["site"], unread.items())
        yield _by("audit_troubles", "What the auditor cannot mend.", ["what", "site"], troubles.items())
        repaired = CounterMetricFamily("huiyin_audit_repaired", "Indexes put in order.", labels=["site"])
        for name in sites:
            repaired.add_metric([name], auditor.repaired[name])
        yield repaired
        running = InfoMetricFamily("huiyin_policy", "The version that new tickets go by.", labels=["site"])
        for name, service in sites.items():
            running.add_metric([name], {"rev": service.site.plan.version})
        yield running

    def _of_messages(self) -> Iterator[Metric]:
        with self._daemon.database.read() as connection:
            waiting, dead = Deliveries(connection).waiting(), Deliveries(connection).dead()
        labels, now = ["channel", "critical"], self._daemon.clock()
        pending = [((channel, str(critical).lower()), count) for channel, critical, count, _ in waiting]
        yield _by("outbox_pending", "Letters that wait.", labels, pending)
        oldest = [((channel, str(critical).lower()), now - since) for channel, critical, _, since in waiting]
        yield _by("outbox_oldest_seconds", "How long the oldest of them has waited.", labels, oldest)
        yield _by("outbox_dead", "Letters that were given up.", ["channel"], dead)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"huiyin_{name}", what, value=value)


def _by(name: str, what: str, labels: list[str], values: Iterable[tuple[str | tuple[str, ...], float]]) -> Metric:
    metric = GaugeMetricFamily(f"huiyin_{name}", what, labels=labels)
    for label, value in values:
        metric.add_metric([label] if isinstance(label, str) else list(label), value)
    return metric
