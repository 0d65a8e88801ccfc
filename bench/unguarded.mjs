// The platform without authentication: each request counts as an administrator's. Only for bench/auth.mjs.
import 'reflect-metadata';
import { PrincipalGuard } from '../dist/identity/authentication/principal.guard.js';

const principal = { user_id: 'bench', org_id: 'default', roles: ['admin'], via: 'token' };
PrincipalGuard.prototype.canActivate = function canActivate(context) {
  context.switchToHttp().getRequest().principal = principal;
  this.requestContext.setPrincipal(principal);
  return true;
};
await import('../dist/main.js');
