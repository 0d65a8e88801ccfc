import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';

const YEAR_SECONDS = 31_536_000;

/** Swagger UI needs inline styles and data images, ReDoc a worker from a blob; scripts come from this host only. */
const CONTENT_SECURITY = {
  defaultSrc: ["'self'"],
  baseUri: ["'none'"],
  objectSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  workerSrc: ["'self'", 'blob:'],
  frameAncestors: ["'none'"],
  upgradeInsecureRequests: null,
};

/** No page of the platform needs a sensor, a camera or a payment. */
const PERMISSIONS = 'accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()';

type Middleware = (request: Request, response: Response, next: NextFunction) => void;

/** Headers that every answer carries. HSTS only in production: a laptop has no certificate. */
export function securityHeaders(isProduction: boolean): Middleware[] {
  return [
    helmet({
      contentSecurityPolicy: { directives: CONTENT_SECURITY },
      frameguard: { action: 'deny' },
      referrerPolicy: { policy: 'no-referrer' },
      strictTransportSecurity: isProduction ? { maxAge: YEAR_SECONDS, includeSubDomains: true } : false,
    }) as Middleware,
    (_request, response, next) => {
      response.setHeader('Permissions-Policy', PERMISSIONS);
      // Answers hold an organisation's data. Pages and scripts of the documentation set their own policy.
      response.setHeader('Cache-Control', 'no-store');
      next();
    },
  ];
}
