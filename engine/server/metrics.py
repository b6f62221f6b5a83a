"""Figures about the daemon itself, as Prometheus reads them. Labels are sites, channels and kinds: never a ticket."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from engine import __version__
from engine.server.daemon import Daemon

router = APIRouter()


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Everything there is, worked out when it is asked for."""
    registry = CollectorRegistry()
    registry.register(_Figures(request.app.state.daemon))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")


class _Figures(Collector):
    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("huiyin_build", "What runs.", {"version": __version__})
        yield from self._of_the_loop()
        yield from self._of_sites()

    def _of_the_loop(self) -> Iterator[Metric]:
        beat, clock = self._daemon.engine.beat, self._daemon.clock
        yield GaugeMetricFamily(
            "huiyin_fire_last_success_timestamp_seconds", "When the loop of timers last came round.", value=beat.at
        )
        yield GaugeMetricFamily("huiyin_clock_held_seconds", "By how much a set clock is not obeyed.", value=clock.held)

    def _of_sites(self) -> Iterator[Metric]:
        engine = self._daemon.engine
        lag = GaugeMetricFamily("huiyin_timer_lag_seconds", "How far a site is behind its timers.", labels=["site"])
        parked = GaugeMetricFamily("huiyin_families_parked", "Tickets that cannot be brought up.", labels=["site"])
        failing = GaugeMetricFamily("huiyin_site_failing", "1: the loop fails at this site.", labels=["site"])
        good = GaugeMetricFamily(
            "huiyin_policy_last_reload_successful", "0: the newest policy file was refused.", labels=["site"]
        )
        running = InfoMetricFamily("huiyin_policy", "The version that new tickets go by.", labels=["site"])
        for name, service in engine.services.items():
            lag.add_metric([name], engine.beat.behind.get(name, 0))
            parked.add_metric([name], len(service.parked))
            failing.add_metric([name], int(name in engine.beat.failing))
            good.add_metric([name], int(name not in engine.refused))
            running.add_metric([name], {"rev": service.site.plan.version})
        yield from (lag, parked, failing, good, running)
