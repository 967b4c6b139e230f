"""Orders the offer hello as by-python with the generated client, waits, reads the service, and meets one fault.

usage: order.py URL USER SECRET
"""

import base64
import json
import sys

from generated import AuthenticatedClient
from generated.api.order import create_order
from generated.api.service import read_service
from generated.models import Order, OrderCreate, Problem, Service


def main() -> None:
    url, user, secret = sys.argv[1:]
    token = base64.b64encode(f"{user}:{secret}".encode()).decode()
    client = AuthenticatedClient(base_url=url, token=token, prefix="Basic", timeout=60)
    wanted = OrderCreate.from_dict(
        {"name": "by-python", "offer": "hello", "parameters": {"greeting": "from Python"}}
    )
    order = create_order.sync(client=client, body=wanted, prefer="wait=60", idempotency_key="k-python")
    assert isinstance(order, Order), order
    print("order", json.dumps(order.to_dict()))
    service = read_service.sync("by-python", client=client)
    assert isinstance(service, Service), service
    print("service", json.dumps(service.to_dict()))
    fault = create_order.sync(client=client, body=OrderCreate.from_dict({"offer": "helo"}))
    assert isinstance(fault, Problem), fault
    print("fault", json.dumps(fault.to_dict()))


main()
