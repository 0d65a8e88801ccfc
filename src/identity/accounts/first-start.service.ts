import { randomBytes } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Settings } from '../../platform/config/settings.js';
import { DEFAULT_ORGANIZATION } from './account.js';
import { AccountsRepository } from './accounts.repository.js';
import { RegistrationService } from './registration.service.js';

const RETRY_MS = 2_000;
const GENERATED_BYTES = 15;

/**
 * On an empty database: the organization `default` and its administrator. Development makes up a password and says it once
 * in the log; elsewhere `NEXUS_ADMIN_PASSWORD` has to be set. A database that is not there yet is tried again in the background.
 */
@Injectable()
export class FirstStartService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('FirstStart');
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly accounts: AccountsRepository,
    private readonly registration: RegistrationService,
    private readonly host: HttpAdapterHost,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // Commands run the platform without HTTP, so there is no sign-in.
    const adapter: HttpAdapterHost['httpAdapter'] | null = this.host.httpAdapter;
    if (adapter !== null) await this.attempt();
  }

  onModuleDestroy(): void {
    clearTimeout(this.retry);
  }

  private async attempt(): Promise<void> {
    try {
      await this.createAdministrator();
    } catch (error) {
      this.logger.warn({ msg: 'the first administrator could not be looked up; trying again', err: error });
      this.retry = setTimeout(() => void this.attempt(), RETRY_MS).unref();
    }
  }

  private async createAdministrator(): Promise<void> {
    const configured = this.settings.get('NEXUS_ADMIN_PASSWORD');
    const isDevelopment = this.settings.get('ENVIRONMENT') === 'development';
    if (configured === undefined && this.settings.get('ENVIRONMENT') === 'test') return;
    if (await this.accounts.findOrganization(DEFAULT_ORGANIZATION)) return;
    if (configured === undefined && !isDevelopment) {
      this.logger.warn('There is no account yet: set NEXUS_ADMIN_EMAIL and NEXUS_ADMIN_PASSWORD and start again');
      return;
    }
    const password = configured ?? randomBytes(GENERATED_BYTES).toString('base64url');
    const email = this.settings.get('NEXUS_ADMIN_EMAIL');
    const administrator = { email, email_verified: true, name: 'Administrator', password };
    const created = await this.registration.withOrganization(administrator, 'Default', {
      org_id: DEFAULT_ORGANIZATION,
    });
    if (created && configured === undefined)
      this.logger.warn(`First start: sign in as ${email} with the password ${password} (made up, shown only now)`);
  }
}
