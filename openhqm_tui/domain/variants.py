"""The variants of OpenHQM's image and what each must, and must not, contain."""

from __future__ import annotations

import msgspec

from openhqm_tui.domain.problems import UsageProblem, nearest


class Client(msgspec.Struct, frozen=True):
    """A queue client library: its distribution on PyPI and the module that proves it."""

    distribution: str
    module: str


class Variant(msgspec.Struct, frozen=True):
    """A named build of the image: its word on the command line and the clients it carries."""

    name: str
    title: str
    clients: tuple[Client, ...] = ()


_SINGLE: tuple[Variant, ...] = (
    Variant("redis", "Redis Streams client", (Client("redis", "redis"),)),
    Variant("kafka", "Apache Kafka client", (Client("aiokafka", "aiokafka"),)),
    Variant("sqs", "AWS SQS client", (Client("boto3", "boto3"),)),
    Variant("azure", "Azure Event Hubs client", (Client("azure-eventhub", "azure.eventhub"),)),
    Variant(
        "gcp", "Google Pub/Sub client", (Client("google-cloud-pubsub", "google.cloud.pubsub_v1"),)
    ),
    Variant("mqtt", "MQTT client", (Client("paho-mqtt", "paho.mqtt.client"),)),
)

ALL_CLIENTS: tuple[Client, ...] = tuple(client for v in _SINGLE for client in v.clients)

VARIANTS: tuple[Variant, ...] = (
    Variant("all", "every queue client", ALL_CLIENTS),
    *_SINGLE,
    Variant("minimal", "no queue client"),
)

VARIANT_NAMES: tuple[str, ...] = tuple(variant.name for variant in VARIANTS)
_BY_NAME = {variant.name: variant for variant in VARIANTS}


def find_variant(name: str) -> Variant:
    """Return the variant of that name, or raise UsageProblem that names the nearest."""
    found = _BY_NAME.get(name.strip().lower())
    if found is None:
        guess = nearest(name, VARIANT_NAMES)
        raise UsageProblem(
            f"unknown backend '{name}'",
            fix=f"did you mean {guess}?" if guess else "",
            valid=" ".join(VARIANT_NAMES),
        )
    return found


def absent_clients(variant: Variant) -> tuple[Client, ...]:
    """Return the clients of the other variants, which this one must not contain."""
    return tuple(client for client in ALL_CLIENTS if client not in variant.clients)
