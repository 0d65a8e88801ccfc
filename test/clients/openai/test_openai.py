"""PyPI openai and openai-agents: the examples of their documentation that apply to agents."""

import asyncio
import os
import time
import unittest

import openai
from agents import Agent, Runner, SQLiteSession, function_tool, set_default_openai_api, set_tracing_disabled
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

MODEL = os.environ["MODEL_AGENT"]
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
client = OpenAI(max_retries=0)
# The agents keep one client, whose connections belong to one loop.
LOOP = asyncio.new_event_loop()
set_tracing_disabled(True)


class Event(BaseModel):
    name: str
    date: str
    participants: list[str]


@function_tool
def get_weather(city: str) -> str:
    """Get the weather for a given city."""
    return f"21 degrees in {city}"


def user(content):
    return [{"role": "user", "content": content}]


class Chat(unittest.TestCase):
    def test_models(self):
        self.assertIn(MODEL, [model.id for model in client.models.list()])
        self.assertEqual(client.models.retrieve(MODEL).id, MODEL)

    def test_answer(self):
        completion = client.chat.completions.create(model=MODEL, messages=user("What is 17 * 23?"))
        self.assertEqual(completion.choices[0].message.content, "17 times 23 is 391.")

    def test_stream(self):
        stream = client.chat.completions.create(
            model=MODEL, messages=user("Count to five"), stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        self.assertEqual(text, "one two three four five")
        self.assertGreater(chunks[-1].usage.total_tokens, 0)

    def test_stream_helper(self):
        with client.chat.completions.stream(model=MODEL, messages=user("Count to five")) as stream:
            for _ in stream:
                pass
            self.assertEqual(stream.get_final_completion().choices[0].message.content, "one two three four five")

    def test_tools(self):
        tools = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS, "strict": True}}]
        messages = user("What is the weather in Berlin?")
        message = client.chat.completions.create(model=MODEL, messages=messages, tools=tools).choices[0].message
        call = message.tool_calls[0]
        messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"}]
        second = client.chat.completions.create(model=MODEL, messages=messages, tools=tools)
        self.assertEqual(second.choices[0].message.content, "It is 21 degrees in Berlin.")

    def test_structured_output(self):
        completion = client.chat.completions.parse(
            model=MODEL, messages=user("Alice and Bob are going to a science fair on Friday."), response_format=Event
        )
        self.assertEqual(completion.choices[0].message.parsed.participants, ["Alice", "Bob"])

    def test_errors(self):
        with self.assertRaises(openai.NotFoundError) as missing:
            client.chat.completions.create(model="nobody", messages=user("x"))
        self.assertEqual(missing.exception.code, "model_not_found")
        with self.assertRaises(openai.BadRequestError) as refused:
            client.chat.completions.create(model=MODEL, messages=user("x"), n=2)
        self.assertEqual(refused.exception.param, "n")
        with self.assertRaises(openai.AuthenticationError):
            OpenAI(api_key="nxs_wrong", max_retries=0).models.list()

    def test_async(self):
        async def ask():
            async with AsyncOpenAI(max_retries=0) as asynchronous:
                return await asynchronous.chat.completions.create(model=MODEL, messages=user("What is 17 * 23?"))

        self.assertEqual(LOOP.run_until_complete(ask()).choices[0].message.content, "17 times 23 is 391.")


class Responses(unittest.TestCase):
    def test_answer_retrieve_delete(self):
        response = client.responses.create(model=MODEL, input="What is 17 * 23?")
        self.assertEqual(response.output_text, "17 times 23 is 391.")
        self.assertEqual([item.type for item in response.output], ["mcp_call", "message"])
        self.assertEqual(client.responses.retrieve(response.id), response)
        self.assertEqual(client.responses.input_items.list(response.id).data[0].content[0].text, "What is 17 * 23?")
        client.responses.delete(response.id)
        with self.assertRaises(openai.NotFoundError):
            client.responses.retrieve(response.id)

    def test_stream_and_resume(self):
        events = list(client.responses.create(model=MODEL, input="What is 17 * 23?", stream=True))
        self.assertEqual([event.sequence_number for event in events], list(range(len(events))))
        rest = list(client.responses.retrieve(events[0].response.id, stream=True, starting_after=5))
        self.assertEqual(rest, events[6:])
        with client.responses.stream(model=MODEL, input="What is 17 * 23?") as stream:
            for _ in stream:
                pass
            self.assertEqual(stream.get_final_response().output_text, "17 times 23 is 391.")

    def test_tools(self):
        tools = [{"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": True}]
        first = client.responses.create(model=MODEL, input="What is the weather in Berlin?", tools=tools)
        result = {"type": "function_call_output", "call_id": first.output[0].call_id, "output": "21 degrees"}
        second = client.responses.create(model=MODEL, input=[result], tools=tools, previous_response_id=first.id)
        self.assertEqual(second.output_text, "It is 21 degrees in Berlin.")

    def test_structured_output(self):
        response = client.responses.parse(
            model=MODEL, input="Alice and Bob are going to a science fair on Friday.", text_format=Event
        )
        self.assertEqual(response.output_parsed.name, "Science fair")

    def test_background(self):
        response = client.responses.create(model=MODEL, input="What is 17 * 23?", background=True)
        deadline = time.monotonic() + 10
        while response.status in ("queued", "in_progress") and time.monotonic() < deadline:
            time.sleep(0.05)
            response = client.responses.retrieve(response.id)
        self.assertEqual(response.output_text, "17 times 23 is 391.")
        long = client.responses.create(model=MODEL, input="Please think long", background=True)
        self.assertEqual(client.responses.cancel(long.id).status, "cancelled")

    def test_conversations(self):
        conversation = client.conversations.create(metadata={"topic": "demo"}, items=user("I am Ada."))
        response = client.responses.create(model=MODEL, input="What is my name?", conversation=conversation.id)
        self.assertEqual(response.output_text, "Your name is Ada.")
        roles = [item.role for item in client.conversations.items.list(conversation.id, order="asc", limit=2)]
        self.assertEqual(roles, ["user", "user", "assistant"])
        self.assertTrue(client.conversations.delete(conversation.id).deleted)


class Agents(unittest.TestCase):
    def run_over(self, api, agent, question, **options):
        set_default_openai_api(api)
        return LOOP.run_until_complete(Runner.run(agent, question, **options))

    def test_tools_and_answers(self):
        agent = Agent(name="Weather", instructions="You know the weather.", model=MODEL, tools=[get_weather])
        for api in ("chat_completions", "responses"):
            with self.subTest(api):
                result = self.run_over(api, agent, "What is the weather in Berlin?")
                self.assertEqual(result.final_output, "It is 21 degrees in Berlin.")

    def test_structured_output(self):
        agent = Agent(name="Calendar", instructions="Extract events.", model=MODEL, output_type=Event)
        for api in ("chat_completions", "responses"):
            with self.subTest(api):
                result = self.run_over(api, agent, "Alice and Bob are going to a science fair on Friday.")
                self.assertEqual(result.final_output.participants, ["Alice", "Bob"])

    def test_stream(self):
        agent = Agent(name="Counter", instructions="Count.", model=MODEL)

        async def ask():
            result = Runner.run_streamed(agent, "Count to five")
            return "".join(
                [
                    event.data.delta
                    async for event in result.stream_events()
                    if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
                ]
            )

        for api in ("chat_completions", "responses"):
            with self.subTest(api):
                set_default_openai_api(api)
                self.assertEqual(LOOP.run_until_complete(ask()), "one two three four five")

    def test_session(self):
        agent = Agent(name="Friend", instructions="Be kind.", model=MODEL)
        for api in ("chat_completions", "responses"):
            with self.subTest(api):
                session = SQLiteSession(f"ada-{api}")
                self.run_over(api, agent, "I am Ada.", session=session)
                result = self.run_over(api, agent, "What is my name?", session=session)
                self.assertEqual(result.final_output, "Your name is Ada.")


if __name__ == "__main__":
    unittest.main()
