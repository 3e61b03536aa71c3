"""An agent: it registers, and does the tasks that come on its own task queue."""
import asyncio, contextlib, json, os, signal, socket, urllib.request, uuid
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

ENV = {"CARAVAN_API": "http://127.0.0.1:7420", "TEMPORAL_ADDRESS": "localhost:7233", "AGENT_TYPE": "research", **os.environ}
ID = f"{ENV['AGENT_TYPE']}-{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
CAPABILITIES = [name for name in ENV.get("AGENT_CAPABILITIES", "").split(",") if name]
REGISTRATION = {"type": ENV["AGENT_TYPE"], "capabilities": CAPABILITIES, "version": "1.0.0", "taskQueue": f"agent-{ID}", "resources": {}}

def tell(method, body=None):
    headers = {"authorization": f"Bearer {ENV.get('CARAVAN_TOKEN', '')}", **({"content-type": "application/json"} if body else {})}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{ENV['CARAVAN_API']}/api/v1/agents/{ID}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read()

@activity.defn(name="runTask")
async def run_task(task: dict) -> dict:
    """The work. task["context"]["idempotencyKey"] is the same for every attempt: do nothing twice under it."""
    return {"output": {"by": ID, "taskId": task["taskId"], "input": task["input"]}}

async def main():
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = await Client.connect(ENV["TEMPORAL_ADDRESS"], namespace=ENV.get("TEMPORAL_NAMESPACE", "default"))
    async with Worker(client, task_queue=REGISTRATION["taskQueue"], activities=[run_task]):
        lease = json.loads(tell("PUT", REGISTRATION))["lease_seconds"]
        while not stop.is_set():  # registering is the heartbeat, too; the answer says how long it holds
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), lease / 3)
            with contextlib.suppress(OSError):
                await asyncio.to_thread(tell, "PUT", REGISTRATION)
    await asyncio.to_thread(tell, "DELETE")

asyncio.run(main())
