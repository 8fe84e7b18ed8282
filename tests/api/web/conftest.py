"""The service of the API's tests, asked for pages."""

from tests.api.service.conftest import client, person, planned, run_id, service_app

__all__ = ("client", "person", "planned", "run_id", "service_app")
