import express from 'express';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { indexRoutes } from './http.module.js';

let server: Server;
let tried: string[];
let url: string;
beforeAll(async () => {
  const app = express();
  app.use((request, _response, next) => {
    tried.push(`use ${request.path}`);
    next();
  });
  app.get('/api/v1/agents', (_request, response) => void response.send('list'));
  app.get('/api/v1/agents/:id', (request, response) => void response.send(`agent ${request.params['id']}`));
  app.get('/api/v1/agents/:id/runs', (_request, response) => void response.send('runs'));
  app.post('/api/v1/agents', (_request, response) => void response.send('made'));
  app.get('/mcp{/*path}', (_request, response) => void response.send('mcp'));
  app.get('/files/*path', (request, response) => void response.send(String(request.params['path'])));
  indexRoutes(app);
  // Registered afterwards, as well as what answers the rest.
  app.get('/api/v1/late', (_request, response) => void response.send('late'));
  app.use((_request, response) => void response.status(404).send('none'));
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  tried = [];
});
afterAll(() => server.close());

it.each([
  ['GET', '/api/v1/agents', 'list'],
  ['GET', '/API/v1/Agents/?x=/api/v1/late', 'list'],
  ['POST', '/api/v1/agents', 'made'],
  ['GET', '/api/v1/agents/a%2Fb', 'agent a/b'],
  ['GET', '/api/v1/agents/x/runs', 'runs'],
  ['GET', '/mcp', 'mcp'],
  ['GET', '/mcp/agents/1', 'mcp'],
  ['GET', '/files/a/b', 'a,b'],
  ['GET', '/api/v1/late', 'late'],
  ['GET', '/api/v1', 'none'],
  ['GET', '//api/v1/agents', 'none'],
  ['DELETE', '/api/v1/agents', 'none'],
])('%s %s is answered as without the index, after every middleware', async (method, path, answer) => {
  expect(await (await fetch(url + path, { method })).text()).toBe(answer);
  expect(tried).toHaveLength(1);
});
