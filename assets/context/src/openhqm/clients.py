"""The queue clients this image carries, found by asking, not by trusting the image's name."""

from importlib.metadata import PackageNotFoundError, version

CLIENTS = {
    "redis": "redis",
    "kafka": "aiokafka",
    "sqs": "boto3",
    "azure": "azure-eventhub",
    "gcp": "google-cloud-pubsub",
    "mqtt": "paho-mqtt",
}


def installed() -> dict[str, str]:
    """Return distribution → version. Nothing is imported: one of them takes seconds to import."""
    found = {}
    for distribution in CLIENTS.values():
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


def missing(backend: str) -> list[str]:
    """Return the distributions this backend needs and the image lacks."""
    wanted = CLIENTS.values() if backend == "all" else filter(None, [CLIENTS.get(backend)])
    have = installed()
    return [distribution for distribution in wanted if distribution not in have]
