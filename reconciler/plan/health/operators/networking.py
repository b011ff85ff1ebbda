"""The Gateway API. Gateways speak of themselves and of each listener, routes of each gateway that they ask to join."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import conditions, status_of
from reconciler.plan.health.rules import UNSEEN, Rule, When, first_of

CONDITIONS: Final = "https://gateway-api.sigs.k8s.io/geps/gep-1364/"
GROUP: Final = "gateway.networking.k8s.io"

_EARLY: Final = (("Accepted", "Unknown"), ("Programmed", "Unknown"), ("Accepted", "False"))

FAULTS: Final = (
    # Pending: nobody has looked yet. It stands in a new Gateway until its controller takes it.
    *(When(word, status, "Progressing", reasons=frozenset({"Pending"})) for word, status in _EARLY),
    When("ResolvedRefs", "False", "Degraded"),
    When("Accepted", "False", "Degraded"),
    When("Programmed", "False", "Progressing"),
    When("Programmed", "Unknown", "Progressing"),
)
ACCEPTED: Final = (When("Accepted", "True", "Healthy"), When("Programmed", "True", "Healthy"))

GATEWAY_CLASS: Final = Rule(
    CONDITIONS,
    "Waiting for its controller",
    (
        When("Accepted", "True", "Healthy"),
        When("Accepted", "False", "Progressing", reasons=frozenset({"Pending"})),
        When("Accepted", "False", "Degraded"),
    ),
)


def gateway(body: JsonObject) -> Health:
    """Argo CD: a reference that does not resolve, or a refusal, of the gateway or of any listener is Degraded."""
    own = list(conditions(body))
    parts = [own, *_each(status_of(body).get("listeners"))]
    return _worst_said(body, parts) or first_of(ACCEPTED, own, body) or Health("Progressing", "Waiting for its status")


def route(body: JsonObject) -> Health:
    """Argo CD: as with gateways, by every parent; a parent that has not seen the newest spec does not count."""
    parents = list(_each(status_of(body).get("parents")))
    found = [_worst_said(body, [parent]) or first_of(ACCEPTED, parent, body) for parent in parents]
    said = [health for health in found if health is not None]
    current = [health for health in said if health is not UNSEEN]
    for status in ("Degraded", "Progressing", "Healthy"):
        for health in current:
            if health.status == status:
                return health
    return said[0] if said else Health("Progressing", "Waiting for a gateway to take it")


def _worst_said(body: JsonObject, parts: list[list[JsonObject]]) -> Health | None:
    return next((health for part in parts if (health := first_of(FAULTS, part, body))), None)


def _each(items: Any) -> Iterator[list[JsonObject]]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield [entry for entry in item.get("conditions") or () if isinstance(entry, dict)]


KINDS: Final[Mapping[tuple[str, str], Callable[[JsonObject], Health]]] = {
    (GROUP, "GatewayClass"): GATEWAY_CLASS,
    (GROUP, "Gateway"): gateway,
    **{(GROUP, kind): route for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")},
}
