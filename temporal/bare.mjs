// node temporal/bare.mjs <address> <count> <at once> [activities]: runs workflows of so many activities (3) through the SDK alone and prints
// their seconds.
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address, count, atOnce, activities = '3'] = process.argv.slice(2);
const taskQueue = 'bare';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const native = await NativeConnection.connect({ address });
const worker = await Worker.create({
  ...{ connection: native, taskQueue },
  workflowsPath: fileURLToPath(new URL('./bare-workflow.mjs', import.meta.url)),
  activities: { step: async (number) => number },
});
const running = worker.run();
const connection = await Connection.connect({ address });
const client = new Client({ connection });

async function run(name, wanted) {
  let next = 0;
  const handles = [];
  const starting = async () => {
    while (next < wanted) {
      const number = next++;
      handles.push(
        await client.workflow.start('bare', {
          taskQueue,
          workflowId: `${name}-${number}`,
          args: [number, Number(activities)],
        }),
      );
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: Number(atOnce) }, starting));
  await Promise.all(handles.map((handle) => handle.result()));
  return (performance.now() - begun) / 1000;
}

await run('warm', 20);
console.log((await run('measured', Number(count))).toFixed(2));
worker.shutdown();
await running;
await connection.close();
await native.close();
