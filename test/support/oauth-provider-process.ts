import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

interface Said {
  url?: string;
  understood?: boolean;
  exchanged?: { code_verifier?: string };
}

/** A third party's OAuth and OpenID Connect server on a free loopback port. */
export class OAuthProviderProcess {
  /** What the last exchange of a code brought along. */
  exchanged: { code_verifier?: string } = {};

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    child.on('message', ({ exchanged }: Said) => {
      if (exchanged) this.exchanged = exchanged;
    });
  }

  static async start(): Promise<OAuthProviderProcess> {
    const child = fork('test/support/oauth-provider.mjs', { execArgv: ['--no-warnings'] });
    const [{ url = '' }] = (await once(child, 'message')) as [Said];
    return new OAuthProviderProcess(child, url);
  }

  /** What the next tokens say of the person in front of it, or that it gives none. */
  async tell(told: { claims?: Record<string, unknown>; refuses?: boolean }): Promise<void> {
    const understood = new Promise<void>((resolve) => {
      const listen = (said: Said): void => {
        if (!said.understood) return;
        this.child.off('message', listen);
        resolve();
      };
      this.child.on('message', listen);
    });
    this.child.send(told);
    await understood;
  }

  async stop(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.disconnect();
    await exit;
  }
}
