"""A wptserve handler: the page of policy_frame.js, with the response headers and the status that the query names."""

from urllib.parse import parse_qs

PAGE = """<!doctype html>
<meta charset=utf-8>
<title>What a frame may do</title>
<body><script src="/direct-sockets/resources/policy_frame.js"></script>
"""


def main(request, response):
    """`header=NAME: VALUE`, as often as need be, and `status=302`."""
    query = parse_qs(request.url_parts.query)
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")]
    for line in query.get("header", []):
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip()))
    return int(query.get("status", ["200"])[0]), headers, PAGE
