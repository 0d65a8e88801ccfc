"""Uses the platform through the client that openapi-python-client generated: every module is imported, and what comes back is typed."""

import datetime
import importlib
import os
import pkgutil
import time

import nexus_client
from nexus_client.api.agents import list_agents
from nexus_client.api.projects import create_project, get_project, list_projects
from nexus_client.api.sign_in import login
from nexus_client.client import AuthenticatedClient, Client
from nexus_client.models import CreateProjectDto, ErrorEnvelope, LoginDto, SignedInDto
from nexus_client.models.project_dto_status import ProjectDtoStatus

URL = os.environ["NEXUS_FUZZ_URL"]


def expect(condition, what):
    if not condition:
        raise SystemExit(f"the generated client: {what}")


def main():
    modules = [module.name for module in pkgutil.walk_packages(nexus_client.__path__, "nexus_client.")]
    for name in modules:
        importlib.import_module(name)

    body = LoginDto(email=os.environ["NEXUS_FUZZ_EMAIL"], password=os.environ["NEXUS_FUZZ_PASSWORD"])
    # The administrator is made a moment after the platform is ready.
    deadline = time.monotonic() + 60
    signed_in = login.sync(client=Client(base_url=URL), body=body)
    while not isinstance(signed_in, SignedInDto) and time.monotonic() < deadline:
        time.sleep(0.5)
        signed_in = login.sync(client=Client(base_url=URL), body=body)
    expect(isinstance(signed_in, SignedInDto), f"login answered {signed_in}")
    client = AuthenticatedClient(base_url=URL, token=signed_in.access_token)

    requirement = "A calculator assistant for our shop that works out discounts and totals."
    created = create_project.sync(client=client, body=CreateProjectDto(requirement=requirement, tags=["client"]))
    expect(not isinstance(created, ErrorEnvelope), f"POST /projects answered {created}")
    project = get_project.sync(created.data.project_id, client=client).data
    expect(isinstance(project.status, ProjectDtoStatus), "a status is no enum")
    expect(isinstance(project.created_at, datetime.datetime), "a time is no datetime")

    listed = list_projects.sync(client=client, limit=5)
    expect(project.project_id in [one.project_id for one in listed.data.projects], "the project is not listed")
    expect(listed.data.projects[0].error_info is None, "null is not None")
    agents = list_agents.sync(client=client)
    expect(agents.data.total >= 0, f"GET /agents answered {agents}")

    refused = create_project.sync(client=client, body=CreateProjectDto(requirement="short"))
    expect(isinstance(refused, ErrorEnvelope) and refused.error.code == "VALIDATION_ERROR", "an error is no ErrorEnvelope")
    print(f"The generated Python client: {len(modules)} modules imported, 6 calls made, all answers typed.")


main()
