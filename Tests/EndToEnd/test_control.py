"""The control endpoint: every request is documented, and what cannot be done is refused with a reason."""
import json
import re

import jsonschema
import pytest
import zmq
from daemon import TOP

SCHEMA = json.loads((TOP / "docs" / "wire-schema.json").read_text())
DOCUMENT = (TOP / "docs" / "wire.md").read_text()


def validate(name, value):
    jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}).validate(value)


def known_requests(daemon):
    text = daemon.ask("dance")["error"]["text"]
    return text.split("Known requests: ")[1].rstrip(".").split(", ")


def test_every_request_is_documented_and_has_a_schema(running):
    for request in known_requests(running):
        name = request.replace(".", "_")
        assert f"request_{name}" in SCHEMA["$defs"] and f"answer_{name}" in SCHEMA["$defs"], request
        assert re.search(rf"^\| `{re.escape(request)}` \|", DOCUMENT, re.M), f"docs/wire.md lacks {request}"


def test_status_follows_its_schema(running):
    reply = running.ask("status")
    validate("reply", reply)
    validate("request_status", {"request": "status"})
    validate("answer_status", reply["result"])


def test_reload_and_model_answers_follow_their_schemas(running):
    for name in ("reload", "model.rollback", "model.show"):
        reply = running.ask(name, timeout=60)
        validate("reply", reply)
        validate(f"answer_{name.replace('.', '_')}", reply["result"])
    reply = running.ask("model.exchange", path="/nowhere", timeout=60)
    validate("answer_model_exchange", reply["result"])


@pytest.mark.parametrize(
    "request_bytes, code",
    [
        (b"", "malformed"),
        (b"garbage", "malformed"),
        (b"[1]", "malformed"),
        (b"{}", "malformed"),
        (b'{"request":7}', "malformed"),
        (b'{"request":"dance"}', "unknown_request"),
        (b'{"request":"status","loudly":true}', "bad_argument"),
        (b'{"request":"reload","force":"yes"}', "bad_argument"),
        (b'{"request":"model.exchange"}', "bad_argument"),
        (b'{"request":"model.exchange","path":"relative"}', "bad_argument"),
        (b'{"request":' + b"[" * 1000, "malformed"),
    ],
)
def test_what_cannot_be_done_is_refused_by_code(running, request_bytes, code):
    with zmq.Context.instance().socket(zmq.REQ) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(running.endpoint("control"))
        socket.send(request_bytes)
        assert socket.poll(10_000)
        reply = socket.recv_json()
    validate("reply", reply)
    assert reply["error"]["code"] == code


def test_a_flood_of_requests_from_many_is_answered_whole(running):
    sockets = [zmq.Context.instance().socket(zmq.DEALER) for _ in range(10)]
    try:
        for socket in sockets:
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(running.endpoint("control"))
            for _ in range(20):
                socket.send_multipart([b"", b'{"request":"status"}'])
        for socket in sockets:
            for _ in range(20):
                assert socket.poll(20_000)
                assert json.loads(socket.recv_multipart()[-1])["ok"] is True
    finally:
        for socket in sockets:
            socket.close()
