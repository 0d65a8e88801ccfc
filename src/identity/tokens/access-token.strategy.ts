import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Settings } from '../../platform/config/settings.js';
import type { AccessClaims } from './access-tokens.js';
import { ALGORITHM, tokenSecret } from './token-settings.js';

/** `Authorization: Bearer <access token>`: signature, algorithm, issuer, audience and times. */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'access-token') {
  constructor(settings: Settings) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: tokenSecret(settings),
      algorithms: [ALGORITHM],
      issuer: settings.get('JWT_ISSUER'),
      audience: settings.get('JWT_AUDIENCE'),
      ignoreExpiration: false,
    });
  }

  /** Without an end a token would be good for ever: such a one is not ours. */
  validate(claims: AccessClaims): AccessClaims | false {
    return typeof claims.exp === 'number' ? claims : false;
  }
}
