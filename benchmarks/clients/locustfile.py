"""Locust's fast user: each of them posts the next row of the CSV (``CUSTOMERS``) until there is none."""

import os
from itertools import count
from pathlib import Path

from locust import FastHttpUser, constant, task  # type: ignore[import-not-found] # of .venv-bench
from locust.exception import StopUser  # type: ignore[import-not-found] # the same

from benchmarks.customers import forms

ENDED = count(1)
ROWS = forms(Path(os.environ["CUSTOMERS"]))


class Customer(FastHttpUser):  # type: ignore[misc] # the same
    """Has no pause between its requests."""

    wait_time = constant(0)

    @task  # type: ignore[untyped-decorator] # the same
    def create(self) -> None:
        """Post one row; the last user to find none ends the test."""
        form = next(ROWS, None)
        if form is not None:
            self.client.post("/v2/WebChats", data=form)
            return
        if next(ENDED) == self.environment.parsed_options.num_users:
            self.environment.runner.quit()
        raise StopUser
