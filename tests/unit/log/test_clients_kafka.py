"""How the errors of aiokafka are read."""

import pytest
from aiokafka import errors

from shared.log.clients_kafka import traduire
from shared.log.types import JournalIndisponible


@pytest.mark.parametrize(
    ("erreur", "attendre"),
    [
        (errors.KafkaConnectionError("refusé"), True),
        (errors.KafkaTimeoutError(), True),
        (errors.NotLeaderForPartitionError(), True),
        (errors.RequestTimedOutError(), True),
        (errors.TopicAuthorizationFailedError("t"), False),
        (errors.OutOfOrderSequenceNumber(), False),
        (errors.KafkaError("Unexpected error during coordination"), False),
    ],
)
def test_an_error_of_the_broker_either_passes_by_itself_or_stops(erreur: errors.KafkaError, attendre: bool) -> None:
    assert isinstance(traduire(erreur), JournalIndisponible) is attendre
