"""Metrics of a process at an HTTP port, as Prometheus reads them.

    exposition = Exposition(loop, "127.0.0.1:5700", figures)       # figures() → [Figure("AuroraReplicaLag", …), …]
    exposition.start()
    curl http://127.0.0.1:5700/metrics

Names are CloudWatch's where it has one; a Figure of kind RATE is given as a total and shown a second, over the last ten
seconds, as CloudWatch shows it; TOTAL is Prometheus' own counter. prometheus-client is imported on another thread, a while
after the start: nobody's first statement waits for it.

Errors: an address that cannot be had costs the metrics, nothing else: `problem` says so.

Not here: what is measured (`server/metrics.py`, `storage/node/metrics.py`, `cluster/metrics.py`).
"""

from __future__ import annotations

import asyncio
import importlib
import resource
from collections import deque
from typing import Any, Callable, Iterable, NamedTuple

from aurorapy.host.network import split_address

GAUGE, RATE, TOTAL = "gauge", "rate", "total"
START_SECONDS = 2.0
SAMPLE_SECONDS = 1.0
WINDOW = 10  # samples a rate is taken over
REQUEST_BYTES_MAX = 8192
REQUEST_SECONDS = 5.0


class Figure(NamedTuple):
    name: str
    help: str
    value: float
    kind: str = GAUGE
    labels: tuple[tuple[str, str], ...] = ()


def cpu_figure() -> Figure:
    """Of this process, all its threads; 100 is one processor."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Figure("CPUUtilization", "Processor time, in percent of one processor", 100 * (usage.ru_utime + usage.ru_stime), RATE)


class Rates:
    """What a total grew by a second, lately."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, dict[Any, float]]] = deque(maxlen=WINDOW + 1)

    def sample(self, now: float, figures: Iterable[Figure]) -> None:
        self._samples.append((now, {(each.name, each.labels): each.value for each in figures if each.kind == RATE}))

    def of(self, figure: Figure, now: float) -> float:
        for then, values in self._samples:
            before = values.get((figure.name, figure.labels))
            if before is not None and now > then:
                return max(0.0, figure.value - before) / (now - then)
        return 0.0


class Exposition:
    def __init__(self, loop: Any, address: str, figures: Callable[[], list[Figure]]) -> None:
        self._loop, self._address, self._figures = loop, address, figures
        self._rates = Rates()
        self._server: Any = None
        self._timer: Any = None
        self._task: Any = None
        self.problem = ""

    def start(self) -> None:
        self._timer = self._loop.call_later(START_SECONDS, self._begin)

    def close(self) -> None:
        for each in (self._timer, self._task):
            if each is not None:
                each.cancel()
        if self._server is not None:
            self._server.close()

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._open())

    async def _open(self) -> None:
        await self._loop.run_in_executor(None, importlib.import_module, "prometheus_client")
        host, port = split_address(self._address)
        try:
            self._server = await asyncio.start_server(self._serve, host, port)
        except OSError as error:
            self.problem = f"no metrics at {self._address}: {error.strerror}"
            return
        self._sample()

    def _sample(self) -> None:
        self._rates.sample(self._loop.time(), self._figures())
        self._timer = self._loop.call_later(SAMPLE_SECONDS, self._sample)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REQUEST_SECONDS)
            method, path = request.split(b" ", 2)[:2]
            known = method == b"GET" and path.split(b"?")[0] in (b"/", b"/metrics") and len(request) <= REQUEST_BYTES_MAX
            body = self.render() if known else b""
            head = b"HTTP/1.1 200 OK" if known else b"HTTP/1.1 404 Not Found"
            writer.write(
                head + b"\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nConnection: close\r\nContent-Length: "
                + str(len(body)).encode() + b"\r\n\r\n" + body
            )  # fmt: skip
            await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            pass
        finally:
            writer.close()

    def render(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(self._figures(), self._rates, self._loop.time()))  # type: ignore[arg-type]
        return generate_latest(registry)


class _Collected:
    """The figures of one moment as a collector."""

    def __init__(self, figures: list[Figure], rates: Rates, now: float) -> None:
        self._figures, self._rates, self._now = figures, rates, now

    def collect(self) -> Iterable[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families: dict[str, Any] = {}
        for figure in self._figures:
            family = families.get(figure.name)
            if family is None:
                kind = CounterMetricFamily if figure.kind == TOTAL else GaugeMetricFamily
                family = families[figure.name] = kind(figure.name, figure.help, labels=[name for name, _ in figure.labels])
            value = self._rates.of(figure, self._now) if figure.kind == RATE else figure.value
            family.add_metric([text for _, text in figure.labels], value)
        return families.values()
