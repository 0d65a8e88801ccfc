"""What each client does; contract.mjs says what it must see."""

import json
import os
import time
from typing import Any

from nexus_sdk import Nexus, NexusError
from nexus_sdk import operations as api

nexus = Nexus(os.environ["NEXUS_URL"], api_key=os.environ["NEXUS_API_KEY"])
agent_id = os.environ["NEXUS_AGENT_ID"]
saw: dict[str, Any] = {}

# 1. Sign in with a key. The first request is refused for a second.
started = time.monotonic()
me = nexus.call(api.get_me)
saw["sign_in"] = {"roles": [str(role) for role in me.roles], "waited_as_told": time.monotonic() - started >= 0.95}

# 2. Build an agent and watch it. The first answer is lost.
project = nexus.call(api.create_project, body={"requirement": "A calculator assistant for totals and discounts of our shop."})
events = list(nexus.build_events(project.project_id))
saw["build"] = {
    "status": str(nexus.wait_for_build(project.project_id).status),
    "kinds": sorted({event.event for event in events}),
    "has_gaps": [event.id for event in events] != [str(index + 1) for index in range(len(events))],
}

# 3. List, page by page.
definition = {
    "timeout_seconds": 60,
    "input_schema": {"type": "object"},
    "steps": [{"id": "hello", "transform": "Hello ${{ input.name }}"}],
    "output": "${{ steps.hello.output }}",
}
flows = [nexus.call(api.create_flow, body={"name": f"sdk {number}", "definition": definition}) for number in (1, 2, 3)]
own = {flow.flow_id for flow in flows}
saw["pages"] = sorted(flow.name for flow in nexus.items(api.list_flows, limit=1) if flow.flow_id in own)

# 4. Ask an agent.
answer = nexus.call(api.invoke_agent, agent_id, body={"input_text": "What is 1234 * 56?"})
saw["invoke"] = {"status": str(answer.status), "has_answer": "69,104" in answer.output}

# 5. Ask in the background, and follow.
begun = nexus.call(api.invoke_agent, agent_id, body={"input_text": "What is 2 + 2?", "background": True})
run = [event.event for event in nexus.run_events(begun.invocation_id)]
saw["background"] = {"status": str(nexus.wait_for_run(begun.invocation_id).status), "first": run[0], "last": run[-1]}

# 6. Talk in a session.
session = nexus.call(api.create_session, agent_id, body={})
nexus.call(api.send_message, session.session_id, body={"content": "What is 15% of 80?"})
saw["session"] = [str(message.role) for message in nexus.items(api.list_messages, session.session_id)]

# 7. Publish a flow, run it, follow it.
nexus.call(api.publish_flow, flows[0].flow_id)
flow_run = nexus.call(api.start_flow_run, flows[0].flow_id, body={"input": {"name": "Ada"}})
last = [event.event for event in nexus.flow_run_events(flow_run.run_id)][-1]
over = nexus.wait_for_flow_run(flow_run.run_id)
saw["flow"] = {"status": str(over.status), "output": over.output, "last": last}

# 8. Import an API and call it through its mock.
schema = {"type": "array", "items": {"type": "string"}}
ok = {"description": "ok", "content": {"application/json": {"schema": schema}}}
document = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.example.com"}],
    "paths": {"/orders": {"get": {"operationId": "listOrders", "responses": {"200": ok}}}},
}
made = nexus.call(api.create_integration, body={"name": "Shop", "source": {"content": document}})
imported = nexus.wait_for_import(made.integration_id)
nexus.call(api.turn_mock, made.integration_id, body={"mode": "instead"})
called = nexus.call(api.call_operation, made.integration_id, "listOrders", body={"input": {}})
saw["integration"] = {
    "status": str(imported.status),
    "operations": imported.operation_count,
    "call_status": called.status,
    "valid": called.valid,
}

# 9. Errors are classes.
try:
    nexus.call(api.get_project, "proj_none")
except NexusError as error:
    saw["not_found"] = {
        "name": type(error).__name__,
        "status": error.status,
        "code": error.code,
        "has_suggestion": error.suggestion != "",
        "has_trace_id": error.trace_id != "",
    }

# 10. Errors name what is wrong.
try:
    nexus.call(api.create_project, body={"requirement": ""})
except NexusError as error:
    fields = list(error.details.get("fields", {}))
    saw["invalid"] = {"name": type(error).__name__, "status": error.status, "code": error.code, "fields": fields}

print(json.dumps(saw))
