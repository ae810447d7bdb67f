"""Prometheus metrics on a port of their own: a table of readings, taken when somebody asks."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.errors import Misconfigured

PREFIX = "meetbot_"


@dataclass(frozen=True, slots=True)
class Reading:
    """A gauge: `read` returns its value, or with `label` one value for each of the label's. It is called on a thread."""

    name: str
    help: str
    read: Callable[[], float | Mapping[str, float]]
    label: str = ""


class Metrics(Collector):
    """Serves /metrics on host:port between `start` and `stop`; keep the host off the internet."""

    def __init__(self, readings: Sequence[Reading], host: str, port: int) -> None:
        self._readings = tuple(readings)
        self._host = host
        self._wanted_port = port
        self._server: tuple[WSGIServer, threading.Thread] | None = None
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    @property
    def port(self) -> int:
        """The port listened on; the real one when 0 was asked for."""
        return self._server[0].server_port if self._server else self._wanted_port

    async def start(self) -> None:
        """Listen. Raises `Misconfigured` when the port cannot be had."""
        try:
            self._server = start_http_server(self._wanted_port, self._host, self.registry)
        except OSError as error:
            raise Misconfigured(
                f"Metrics cannot listen on {self._host}:{self._wanted_port} ({error.strerror}); "
                "change metrics.host or metrics.port, or end what uses it"
            ) from error

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            server, thread = self._server
            server.shutdown()
            server.server_close()
            thread.join()
            self._server = None

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Name the gauges without reading them."""
        return (GaugeMetricFamily(PREFIX + reading.name, reading.help) for reading in self._readings)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read every gauge."""
        for reading in self._readings:
            value = reading.read()
            family = GaugeMetricFamily(
                PREFIX + reading.name, reading.help, labels=[reading.label] if reading.label else []
            )
            for label, number in (value if isinstance(value, Mapping) else {"": value}).items():
                family.add_metric([label] if reading.label else [], number)
            yield family
