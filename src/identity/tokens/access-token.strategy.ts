import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Settings } from '../../platform/config/settings.js';
import type { Principal } from '../principal.js';
import { StandingService } from '../standing/standing.service.js';
import type { AccessClaims } from './access-tokens.js';
import { ALGORITHM, tokenSecret } from './token-settings.js';

/** `Authorization: Bearer <access token>`: signature, algorithm, issuer, audience and times first, then whether its user still stands. */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'access-token') {
  constructor(
    settings: Settings,
    private readonly standing: StandingService,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: tokenSecret(settings),
      algorithms: [ALGORITHM],
      issuer: settings.get('JWT_ISSUER'),
      audience: settings.get('JWT_AUDIENCE'),
      ignoreExpiration: false,
    });
  }

  /** @throws UnauthenticatedError when the user, the membership or the sign-in has ended since. */
  validate(claims: AccessClaims): Promise<Principal> {
    return this.standing.ofToken(claims);
  }
}
