import { z } from 'zod';

const url = z.url({ protocol: /^https?$/ });

/** Sign-in through other providers. A provider is there when its client id and secret are. */
export const oauthSettings = {
  /** Where browsers reach this platform: providers send them back to `<this>/api/v1/auth/<provider>/callback`. */
  NEXUS_PUBLIC_URL: url.optional(),
  /** The page that takes the one-time code as `?code=`; without it the callback answers the code as JSON. */
  OAUTH_RETURN_URL: url.optional(),
  OAUTH_GOOGLE_CLIENT_ID: z.string().min(1).optional(),
  OAUTH_GOOGLE_CLIENT_SECRET: z.string().min(1).optional(),
  /** Any OpenID Connect provider that has a discovery document. */
  OAUTH_GOOGLE_ISSUER: url.default('https://accounts.google.com'),
  OAUTH_GITHUB_CLIENT_ID: z.string().min(1).optional(),
  OAUTH_GITHUB_CLIENT_SECRET: z.string().min(1).optional(),
  OAUTH_GITHUB_AUTHORIZATION_URL: url.default('https://github.com/login/oauth/authorize'),
  OAUTH_GITHUB_TOKEN_URL: url.default('https://github.com/login/oauth/access_token'),
  OAUTH_GITHUB_API_URL: url.default('https://api.github.com'),
};

type OAuthSettings = z.infer<z.ZodObject<typeof oauthSettings>> & { ENVIRONMENT: string };

/** A provider needs both of its settings, and production needs the address that browsers use. */
export function oauthProblems(values: OAuthSettings): string[] {
  const problems: string[] = [];
  for (const name of ['GOOGLE', 'GITHUB'] as const) {
    const [id, secret] = [values[`OAUTH_${name}_CLIENT_ID`], values[`OAUTH_${name}_CLIENT_SECRET`]];
    if ((id === undefined) !== (secret === undefined))
      problems.push(`OAUTH_${name}_CLIENT_ID and OAUTH_${name}_CLIENT_SECRET: set both or neither`);
    if (id !== undefined && values.ENVIRONMENT === 'production' && values.NEXUS_PUBLIC_URL === undefined)
      problems.push(`NEXUS_PUBLIC_URL: sign-in through ${name.toLowerCase()} needs the address that browsers use`);
  }
  return [...new Set(problems)];
}
