import { type CallHandler, type ExecutionContext, type NestInterceptor, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { defer, from, isObservable, mergeAll, type Observable } from 'rxjs';

/** An interceptor of the platform that says which routes it is for. */
export interface RouteStep extends NestInterceptor {
  /** Whether the step can do anything on a request of this route. Asked once per route; only the handler and the class are known. */
  concerns(route: ExecutionContext): boolean;
}

/** Whether the route takes GET and HEAD alone. */
export function isReading(route: ExecutionContext): boolean {
  return Reflect.getMetadata(METHOD_METADATA, route.getHandler()) === RequestMethod.GET;
}

type Target = ReturnType<ExecutionContext['getHandler']> | ReturnType<ExecutionContext['getClass']>;

/**
 * Runs the platform's interceptors as one, in the order in which they were added, without those that do not concern the route. Nest passes
 * each request through every global interceptor, and each costs promises and observables even if it does nothing.
 */
export class RouteSteps implements NestInterceptor {
  private readonly steps: RouteStep[];
  private readonly byRoute = new WeakMap<Target, WeakMap<Target, readonly RouteStep[]>>();

  constructor(steps: readonly RouteStep[]) {
    this.steps = [...steps];
  }

  /** A step of a higher layer, which runs after those that are there. To be called before the first request. */
  add(step: RouteStep): void {
    this.steps.push(step);
  }

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    return run(this.stepsOf(execution), 0, execution, next);
  }

  private stepsOf(execution: ExecutionContext): readonly RouteStep[] {
    const [controller, handler] = [execution.getClass(), execution.getHandler()];
    const routes = this.byRoute.get(controller) ?? new WeakMap<Target, readonly RouteStep[]>();
    this.byRoute.set(controller, routes);
    const known = routes.get(handler);
    if (known) return known;
    const steps = this.steps.filter((step) => step.concerns(execution));
    routes.set(handler, steps);
    return steps;
  }
}

function run(
  steps: readonly RouteStep[],
  at: number,
  execution: ExecutionContext,
  next: CallHandler,
): Observable<unknown> | Promise<Observable<unknown>> {
  const step = steps[at];
  if (step === undefined) return next.handle();
  if (at === steps.length - 1) return step.intercept(execution, next);
  return step.intercept(execution, { handle: () => defer(() => flat(run(steps, at + 1, execution, next))) });
}

function flat(answer: Observable<unknown> | Promise<Observable<unknown>>): Observable<unknown> {
  return isObservable(answer) ? answer : from(answer).pipe(mergeAll());
}
