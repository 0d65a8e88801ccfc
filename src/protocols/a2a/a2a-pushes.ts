import { Injectable } from '@nestjs/common';
import { TaskPushes } from '../../invocations/task-pushes.service.js';

/** The forms of push notifications, by the version of the protocol that asked for them. */
export const PUSH = 'a2a-1.0';
export const LEGACY_PUSH = 'a2a-0.3';

/** Registers both forms at the start: pushes that another process or an earlier start accepted are due before any request. */
@Injectable()
export class A2aPushes {
  constructor(pushes: TaskPushes) {
    for (const [form, version] of [[PUSH, '1.0'] as const, [LEGACY_PUSH, '0.3'] as const])
      pushes.register(form, async (invocation) => {
        const { pushOf } = await import('./a2a-task.js');
        return pushOf(version, invocation);
      });
  }
}
