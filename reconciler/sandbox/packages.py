"""Where the fleet's charts come from: one repository over HTTP and one registry, each with a login of its own."""

import secrets
from collections.abc import Mapping

from reconciler.sandbox import control, fleet
from reconciler.sandbox.api import Json
from reconciler.sandbox.chartserver import ChartServer
from reconciler.sandbox.registry import Registry

SERVED, PUSHED = ("sessions",), ("search",)
"""Charts that lie in the repository, and in the registry."""


class Packages:
    """Both servers; nothing listens before `start`."""

    def __init__(self) -> None:
        self.login = ("sandbox", secrets.token_urlsafe(12))
        self.charts = ChartServer(login=self.login)
        self.registry = Registry(login=self.login)

    @property
    def addresses(self) -> Mapping[str, str]:
        """By the names that the Applications use. Argo CD: charts in a registry are named without a scheme."""
        return {"charts": self.charts.url, "registry": f"{self.registry.host}/charts"}

    def start(self) -> None:
        """Fills both, and serves them."""
        for chart in map(fleet.chart, SERVED):
            self.charts.add(chart.name, chart.version, chart.archive)
        for chart in map(fleet.chart, PUSHED):
            self.registry.push_chart(f"charts/{chart.name}", chart.version, chart.archive)
        self.charts.start()
        self.registry.start()

    def stop(self) -> None:
        self.charts.stop()
        self.registry.stop()

    def secrets(self) -> list[Json]:
        """The Secrets that open both."""
        plain = {"enableOCI": "true", "insecureOCIForceHttp": "true"}
        return [
            control.charts_secret("repository", self.addresses["charts"], self.login),
            control.charts_secret("registry", self.addresses["registry"], self.login, **plain),
        ]
