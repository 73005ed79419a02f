"""Locust test with ``FastHttpUser``: each user posts the next row of the CSV file ``CUSTOMERS`` until the end."""

import os
from itertools import count
from pathlib import Path

from locust import FastHttpUser, constant, task  # type: ignore[import-not-found] # of .venv-bench
from locust.exception import StopUser  # type: ignore[import-not-found] # the same

from benchmarks.customers import forms

ENDED = count(1)
ROWS = forms(Path(os.environ["CUSTOMERS"]))


class Customer(FastHttpUser):  # type: ignore[misc] # the same
    """User without a pause between its requests."""

    wait_time = constant(0)

    @task  # type: ignore[untyped-decorator] # the same
    def create(self) -> None:
        """Post the next row; without one, stop this user, and the whole test with the last user."""
        form = next(ROWS, None)
        if form is not None:
            self.client.post("/v2/WebChats", data=form)
            return
        if next(ENDED) == self.environment.parsed_options.num_users:
            self.environment.runner.quit()
        raise StopUser
