import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_WITHIN_MS = 30_000;
const KIB = 1024;

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The Node flags with which an npm script of package.json starts the platform. */
export function flagsOf(name) {
  const script = JSON.parse(readFileSync('package.json', 'utf8')).scripts[name];
  return script.split(' ').filter((word) => word.startsWith('--'));
}

/** Starts a server on a loopback port and waits until `path` returns 200; returns how long that took. */
export async function start(script, path, environment = {}, flags = []) {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...flags, script], {
    env: { ...process.env, ...environment, API_PORT: String(port), API_HOST: '127.0.0.1' },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await answers(url + path))) {
    if (performance.now() - startedAt > READY_WITHIN_MS) throw new Error(`${script} was not ready in time`);
    await delay(10);
  }
  const ready_ms = performance.now() - startedAt;
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  return { url, ready_ms, stop, rss_mb: () => rssOf(child.pid), cpu_seconds: () => cpuOf(child.pid) };
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** Resident memory of a process in MB; null where the system does not tell. */
function rssOf(pid) {
  try {
    const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib ? Math.round(Number(kib) / KIB) : null;
  } catch {
    return null;
  }
}

/** CPU time of the process so far, which a busy machine does not stretch; null where there is no /proc. */
function cpuOf(pid) {
  try {
    const [, fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [user, system] = fields.split(' ').slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  } catch {
    return null;
  }
}
