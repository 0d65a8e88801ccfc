import type { NextFunction, Request, Response } from 'express';
import type { Lifecycle } from '../lifecycle/lifecycle.js';

/** While the process leaves, each answer tells its client to open the next connection elsewhere. */
export function leavingConnections(lifecycle: Lifecycle) {
  return (_request: Request, response: Response, next: NextFunction): void => {
    if (lifecycle.isDraining) response.setHeader('Connection', 'close');
    next();
  };
}
