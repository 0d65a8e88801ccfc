// Nest + Express with what most services use: an access log (nestjs-pino), Prometheus metrics (prom-client), security headers (helmet).
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import helmet from 'helmet';
import { Logger, LoggerModule } from 'nestjs-pino';
import { Counter, Histogram } from 'prom-client';

class LiveController {
  read() {
    return { status: 'ok', timestamp: new Date().toISOString() };
  }
}
Get('health/live')(LiveController.prototype, 'read', Object.getOwnPropertyDescriptor(LiveController.prototype, 'read'));
Controller()(LiveController);

class EquippedModule {}
Module({ imports: [LoggerModule.forRoot()], controllers: [LiveController] })(EquippedModule);

const labelNames = ['method', 'route', 'status'];
const requests = new Counter({ name: 'http_requests_total', help: 'Requests.', labelNames });
const durations = new Histogram({ name: 'http_request_duration_seconds', help: 'Durations.', labelNames });

const app = await NestFactory.create(EquippedModule, { bufferLogs: true });
app.useLogger(app.get(Logger));
app.use(helmet());
app.use((request, response, next) => {
  const startedAt = performance.now();
  response.once('close', () => {
    const labels = { method: request.method, route: request.route?.path ?? 'unmatched', status: response.statusCode };
    requests.inc(labels);
    durations.observe(labels, (performance.now() - startedAt) / 1000);
  });
  next();
});
await app.listen(Number(process.env.API_PORT), '127.0.0.1');
