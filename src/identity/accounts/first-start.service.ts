import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Settings } from '../../platform/config/settings.js';
import { DEFAULT_ORGANIZATION } from './account.js';
import { AccountsRepository } from './accounts.repository.js';
import { Passwords } from './passwords.js';
import { RegistrationService } from './registration.service.js';

const RETRY_MS = 2_000;
const GENERATED_BYTES = 15;
/** In the data directory, readable by its owner only. The demo signs in with it. */
const SIGN_IN_FILE = 'sign-in.json';

interface SignIn {
  email: string;
  password: string;
}

export const newPassword = (): string => randomBytes(GENERATED_BYTES).toString('base64url');

/**
 * On an empty database: the organization `default` and its administrator. Their password is `NEXUS_ADMIN_PASSWORD`. Development
 * generates one if it is not set, once the platform serves, and keeps it in the data directory until it is changed. An unreachable
 * database is retried in the background.
 */
@Injectable()
export class FirstStartService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('FirstStart');
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly accounts: AccountsRepository,
    private readonly registration: RegistrationService,
    private readonly passwords: Passwords,
    private readonly host: HttpAdapterHost,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // Commands run the platform without HTTP, so there is no sign-in.
    const adapter: HttpAdapterHost['httpAdapter'] | null = this.host.httpAdapter;
    if (adapter !== null && !this.generates) await this.attempt();
  }

  onModuleDestroy(): void {
    clearTimeout(this.retry);
  }

  /** For the end of a start: creates the administrator of development, and says how to sign in. */
  async whenServing(): Promise<void> {
    if (this.generates) await this.attempt();
  }

  /** Keeps a generated password where development looks for it. Does nothing where the password is a setting. */
  keep(signIn: SignIn): void {
    if (!this.generates || !this.isKept) return;
    mkdirSync(this.settings.get('NEXUS_DATA_DIR'), { recursive: true });
    writeFileSync(this.file, `${JSON.stringify(signIn)}\n`, { mode: 0o600, flush: true });
  }

  private get generates(): boolean {
    return (
      this.settings.get('NEXUS_ADMIN_PASSWORD') === undefined && this.settings.get('ENVIRONMENT') === 'development'
    );
  }

  /** A database elsewhere has an administrator that other machines share. */
  private get isKept(): boolean {
    return this.settings.get('NEXUS_DATABASE') === 'embedded';
  }

  private get file(): string {
    return join(this.settings.get('NEXUS_DATA_DIR'), SIGN_IN_FILE);
  }

  private async attempt(): Promise<void> {
    try {
      const isNew = (await this.accounts.findOrganization(DEFAULT_ORGANIZATION)) === undefined;
      if (isNew) await this.createAdministrator();
      else if (this.generates && this.isKept) await this.showKept();
    } catch (error) {
      this.logger.warn({ msg: 'the first administrator could not be looked up; retrying', err: error });
      this.retry = setTimeout(() => void this.attempt(), RETRY_MS).unref();
    }
  }

  private async createAdministrator(): Promise<void> {
    const configured = this.settings.get('NEXUS_ADMIN_PASSWORD');
    if (configured === undefined && this.settings.get('ENVIRONMENT') === 'test') return;
    if (configured === undefined && !this.generates) {
      this.logger.warn('There is no account yet: set NEXUS_ADMIN_EMAIL and NEXUS_ADMIN_PASSWORD, then restart');
      return;
    }
    const email = this.settings.get('NEXUS_ADMIN_EMAIL');
    const password = configured ?? newPassword();
    // Before the account exists: a process that dies in between leaves a password that the next start replaces.
    this.keep({ email, password });
    const created = await this.registration.withOrganization(
      { email, email_verified: true, name: 'Administrator', password },
      'Default',
      { org_id: DEFAULT_ORGANIZATION },
    );
    if (created && configured === undefined)
      this.logger.warn(
        `Sign in as ${email} with the password ${password} (generated; ${this.isKept ? `stored in ${this.file}` : 'shown only once'})`,
      );
  }

  private async showKept(): Promise<void> {
    const kept = this.kept();
    const user = kept && (await this.accounts.findUserByEmail(kept.email));
    if (!kept) return;
    if (await this.passwords.matches(kept.password, user?.password_hash))
      this.logger.log(`Sign in as ${kept.email}; the password is in ${this.file}`);
    else rmSync(this.file, { force: true });
  }

  private kept(): SignIn | undefined {
    try {
      return JSON.parse(readFileSync(this.file, 'utf8')) as SignIn;
    } catch {
      return undefined;
    }
  }
}
