"""A worker outlives the loss of Redis; the kill sweep shows it with a real one."""

import pytest

from config import broker
from config.celery import app


def test_channel_whose_connection_is_gone_says_so_by_an_error_that_workers_expect():
    connection = app.connection_for_write()
    channel = connection.default_channel
    channel._disconnect_pools()
    connection.transport.client = None

    with pytest.raises(connection.connection_errors, match="is gone"):
        _ = channel.pool

    assert type(connection.transport) is broker.Transport
