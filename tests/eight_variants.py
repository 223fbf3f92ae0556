"""Eight fixed variants, used by plans, screens and pictures in the tests.

The bundled ones are in `tests.our_variants`, so adding one there changes no snapshot.
"""

from __future__ import annotations

from openhqm_tui.domain.plan.bake import Client, Variant

_CLIENTS = {
    "redis": ("Redis Streams client", Client("redis", "redis")),
    "kafka": ("Apache Kafka client", Client("aiokafka", "aiokafka")),
    "sqs": ("AWS SQS client", Client("boto3", "boto3")),
    "azure": ("Azure Event Hubs client", Client("azure-eventhub", "azure.eventhub")),
    "gcp": ("Google Pub/Sub client", Client("google-cloud-pubsub", "google.cloud.pubsub_v1")),
    "mqtt": ("MQTT client", Client("paho-mqtt", "paho.mqtt.client")),
}
EIGHT = (
    Variant("all", "every queue client", tuple(client for _, client in _CLIENTS.values())),
    *(Variant(name, title, (client,)) for name, (title, client) in _CLIENTS.items()),
    Variant("minimal", "no queue client"),
)
EIGHT_NAMES = tuple(variant.name for variant in EIGHT)
