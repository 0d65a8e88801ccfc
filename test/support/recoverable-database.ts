import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startDatabase } from './database.js';

const BACKUPS = /\.(Describe|Update)ContinuousBackups$/;

/**
 * A real engine behind a door that also knows point-in-time recovery, which local engines do not: it is remembered by table and
 * told again. Everything else goes to the engine as it is.
 */
export async function startRecoverableDatabase(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const engine = await startDatabase();
  const recoverable = new Set<string>();
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const [, verb] = BACKUPS.exec(String(incoming.headers['x-amz-target'])) ?? [];
      if (verb !== undefined) {
        const { TableName } = JSON.parse(body.toString()) as { TableName: string };
        if (verb === 'Update') recoverable.add(TableName);
        const PointInTimeRecoveryStatus = recoverable.has(TableName) ? 'ENABLED' : 'DISABLED';
        outgoing.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
        outgoing.end(
          JSON.stringify({
            ContinuousBackupsDescription: {
              ContinuousBackupsStatus: 'ENABLED',
              PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus },
            },
          }),
        );
        return;
      }
      const { method, headers, url } = incoming;
      const onward = request(engine.endpoint + url, { method, headers, agent: false }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await engine.stop();
    },
  };
}
