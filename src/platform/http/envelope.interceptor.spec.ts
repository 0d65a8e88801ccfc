import { type CallHandler, Get, Post, type ExecutionContext } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { catchError, lastValueFrom, map, type Observable, of } from 'rxjs';
import { isReading, RouteSteps, type RouteStep } from './envelope.interceptor.js';

class Things {
  @Get()
  list(this: void): void {}

  @Post()
  create(this: void): void {}
}

const { list, create } = Things.prototype;
const route = (handler: () => void): ExecutionContext => new ExecutionContextHost([], Things, handler);

/** A step that writes its name around the answer of what follows. */
function named(name: string, handlers: readonly unknown[], asked: string[] = []): RouteStep {
  return {
    concerns(execution) {
      asked.push(name);
      return handlers.includes(execution.getHandler());
    },
    intercept: (_execution, next) => next.handle().pipe(map((answer) => `${name}(${String(answer)})`)),
  };
}

async function answerOf(steps: RouteSteps, handler: () => void): Promise<unknown> {
  const next: CallHandler = { handle: () => of(handler.name) };
  return lastValueFrom(await steps.intercept(route(handler), next));
}

it('runs the steps that concern a route, in order', async () => {
  const steps = new RouteSteps([named('body', [create]), named('envelope', [list, create])]);
  steps.add(named('audit', [create]));
  expect(await answerOf(steps, list)).toBe('envelope(list)');
  expect(await answerOf(steps, create)).toBe('body(envelope(audit(create)))');
  expect(await answerOf(new RouteSteps([named('body', [])]), list)).toBe('list');
});

it('asks a step once for each route', async () => {
  const asked: string[] = [];
  const steps = new RouteSteps([named('body', [create], asked), named('audit', [], asked)]);
  for (const handler of [list, create, list, create]) await answerOf(steps, handler);
  expect(asked).toEqual(['body', 'audit', 'body', 'audit']);
});

it('waits for a step that answers later, and gives a step the errors of those that follow', async () => {
  const waiting: RouteStep = {
    concerns: () => true,
    intercept: async (_execution, next) => {
      await Promise.resolve();
      return next.handle();
    },
  };
  const refusing: RouteStep = {
    concerns: () => true,
    intercept: () => {
      throw new Error('refused');
    },
  };
  const catching: RouteStep = {
    concerns: () => true,
    intercept: (_execution, next) =>
      next.handle().pipe(catchError((error: Error): Observable<string> => of(error.message))),
  };
  expect(await answerOf(new RouteSteps([waiting, waiting, named('last', [list])]), list)).toBe('last(list)');
  expect(await answerOf(new RouteSteps([catching, waiting, refusing]), list)).toBe('refused');
  expect(await answerOf(new RouteSteps([catching, refusing, waiting]), list)).toBe('refused');
});

it('knows which routes only read', () => {
  expect([route(list), route(create)].map(isReading)).toEqual([true, false]);
});
