"""A wptserve handler: the peers that tests of sockets talk to. The query says what to do (see peers/api.py)."""

import importlib
import json


def main(request, response):
    """Hand the request to the peers, which live as long as the server does."""
    api = importlib.import_module("direct-sockets.resources.peers.api")
    status, answer = api.PEERS.answer(request.url_parts.query, request.body)
    headers = [
        ("Content-Type", "application/json"),
        ("Access-Control-Allow-Origin", "*"),
        ("Cache-Control", "no-store"),
    ]
    return status, headers, json.dumps(answer)
