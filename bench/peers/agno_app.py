"""An Agno agent with SQLite, served by its AgentOS. No authentication, no telemetry."""

import os

import uvicorn
from agno.agent import Agent
from agno.db.sqlite import SqliteDb
from agno.models.openai.like import OpenAILike
from agno.os import AgentOS

agent = Agent(
    id="bench",
    model=OpenAILike(id="zero", base_url=os.environ["MODEL_URL"], api_key="none"),
    db=SqliteDb(db_file=os.path.join(os.environ["DATA_DIRECTORY"], "agno.db")),
    instructions="You are a calculator assistant.",
    add_history_to_context=True,
    telemetry=False,
)
app = AgentOS(agents=[agent], telemetry=False).get_app()

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["API_PORT"]), log_level="error", access_log=False)
