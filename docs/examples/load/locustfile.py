"""
What the customers of the market do: ``locust --host http://127.0.0.1:8000``, and see http://127.0.0.1:8089.

With ``--requests 100``, it ends after so many.
"""

import random
from typing import Any
from uuid import uuid4

import gevent
from locust import HttpUser, constant, events, task


class Customer(HttpUser):
    """Looks at many items, and buys a few."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Take a basket."""
        self.name = str(uuid4())

    @task(3)
    def look(self) -> None:
        """Look at any item; they are one line of the report."""
        self.client.get(f"/items/{random.randint(1, 3)}", name="/items/{number}")

    @task
    def buy(self) -> None:
        """Put an item into the basket."""
        self.client.post(f"/baskets/{self.name}", params={"number": 1}, name="/baskets/{customer}")


@events.init_command_line_parser.add_listener
def add_option(parser: Any) -> None:
    """Say after how many requests to end."""
    parser.add_argument("--requests", type=int, default=0, help="end after so many requests; 0 is never")


@events.init.add_listener
def end_after_requests(environment: Any, **_: Any) -> None:
    """Count the requests, and end after the last."""
    limit = environment.parsed_options.requests

    def count(**_: Any) -> None:
        if environment.stats.total.num_requests == limit:
            gevent.spawn(environment.runner.quit)  # this is a customer, who cannot wait for all of them to end

    if limit:
        environment.events.request.add_listener(count)
