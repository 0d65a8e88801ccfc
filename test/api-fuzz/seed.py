"""Fills a fresh platform with one record of each kind and prints their ids as dictionaries for the fuzzer.

Ids that no operation can guess are offered where a path or a field asks for them. What is deleted in the run has records of its own,
so that the others stay. Usage: seed.py <configuration to extend> <file to write> <file for the accounts>
"""

import email
import json
import os
import re
import secrets
import sys
import time

import requests

URL = os.environ["NEXUS_FUZZ_URL"]
REQUIREMENT = "A calculator assistant for our shop that works out discounts, totals and percentages."


class Seeder:
    def __init__(self):
        self.session = requests.Session()
        login = self.post(
            "/auth/login",
            {"email": os.environ["NEXUS_FUZZ_EMAIL"], "password": os.environ["NEXUS_FUZZ_PASSWORD"]},
        )
        self.session.headers["Authorization"] = f"Bearer {login['access_token']}"
        self.user = login["user"]

    def post(self, path, body):
        return self.answer(self.session.post(f"{URL}/api/v1{path}", json=body, timeout=60))

    def get(self, path):
        return self.answer(self.session.get(f"{URL}/api/v1{path}", timeout=60))

    def answer(self, response):
        if not response.ok:
            raise SystemExit(f"{response.request.method} {response.url} answered {response.status_code}: {response.text}")
        body = response.json()
        return body["data"] if isinstance(body, dict) and "data" in body else body

    def built_project(self):
        project_id = self.post("/projects", {"requirement": REQUIREMENT})["project_id"]
        for _ in range(600):
            project = self.get(f"/projects/{project_id}")
            if project["status"] == "completed":
                return project_id, project["agents"][0]
            if project["status"] == "failed":
                raise SystemExit(f"the build failed: {project['error_info']}")
            time.sleep(0.1)
        raise SystemExit("the build did not end in 60 s")

    def talk(self, agent_id):
        agent = f"/agents/{requests.utils.quote(agent_id, safe='')}"
        session_id = self.post(f"{agent}/sessions", {})["session_id"]
        self.post(f"/sessions/{session_id}/messages", {"content": "What is 15% of 80?"})
        return session_id, self.post(f"{agent}/invoke", {"input_text": "What is 6 * 7?"})["invocation_id"]

    def tool(self, project_id, name):
        config = {
            "method": "GET",
            "url": "https://api.example.com/orders/{number}",
            "input_schema": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]},
        }
        body = {"kind": "http", "name": name, "description": "Looks up an order", "config": config, "project_id": project_id}
        return self.post("/tools", body)["tool_id"]

    def partnership(self, id):
        body = {
            "id": id,
            "name": "Visual Intelligence",
            "partnership_type": "visual_intelligence",
            "ai_partner": "Gemini",
            "deliverables": [{"name": "mobile_platform", "progress": 40, "status": "in_progress"}],
        }
        return self.post("/orchestration/partnerships", body)["id"]

    def invitation(self, address):
        return self.post(f"/organizations/{self.user['org_id']}/members", {"email": address, "roles": ["viewer"]})

    def mailed_token(self, address):
        path = os.path.join(os.environ["NEXUS_FUZZ_MAILS"], address)
        for _ in range(300):
            if os.path.exists(path):
                with open(path, "rb") as file:
                    text = email.message_from_binary_file(file).get_payload(decode=True).decode()
                return re.search(r"nxm_[\w-]{60,}", text)[0]
            time.sleep(0.1)
        raise SystemExit(f"no mail to {address} in 30 s")

    def member(self, address, roles, name, password):
        self.post(f"/organizations/{self.user['org_id']}/members", {"email": address, "roles": roles})
        body = {"invitation_token": self.mailed_token(address), "password": password, "name": name}
        return self.post("/auth/invitations/accept", body)["user"]["user_id"]

    def administrators(self):
        """Accounts for the fuzzer: it locks some, signs some out and removes some."""
        accounts = []
        for number in range(20):
            address = f"seeded-fuzzer-{number}@example.com"
            password = secrets.token_urlsafe(18)
            self.member(address, ["admin"], "Fuzzer", password)
            accounts.append({"email": address, "password": password})
        return accounts

    def run(self):
        project_id, agent_id = self.built_project()
        session_id, invocation_id = self.talk(agent_id)
        doomed_project, _ = self.built_project()
        _, doomed_agent = self.built_project()
        doomed_session, _ = self.talk(agent_id)
        context = {"business_goal": "Sell in Portugal", "estimated_cost": 40000, "expected_revenue": 150000}
        invitation = self.invitation("grace@example.com")
        return {
            "project_id": project_id,
            "agent_id": agent_id,
            "session_id": session_id,
            "invocation_id": invocation_id,
            "tool_id": self.tool(project_id, "order_status"),
            "key_id": self.post("/api-keys", {"name": "fuzzed", "roles": ["viewer"]})["key_id"],
            "org_id": self.user["org_id"],
            "user_id": self.member("seeded-ada@example.com", ["viewer"], "Ada", secrets.token_urlsafe(18)),
            "invitation_id": invitation["invitation_id"],
            "decision_id": self.post("/orchestration/decisions", {"context": context})["decision_id"],
            "partnership_id": self.partnership("fuzzed_partner"),
            "doomed_project": doomed_project,
            "doomed_agent": doomed_agent,
            "doomed_session": doomed_session,
            "doomed_tool": self.tool(project_id, "doomed_tool"),
            "doomed_key": self.post("/api-keys", {"name": "doomed", "roles": ["viewer"]})["key_id"],
            "doomed_partner": self.partnership("doomed_partner"),
        }


def main():
    template, target, accounts = sys.argv[1:]
    seeder = Seeder()
    ids = seeder.run()
    with open(accounts, "w", encoding="utf-8") as file:
        json.dump(seeder.administrators(), file)
    with open(template, encoding="utf-8") as source, open(target, "w", encoding="utf-8") as file:
        file.write(source.read())
        for name, value in ids.items():
            file.write(f'\n[dictionaries.{name}]\nvalues = ["{value}"]\n')


main()
