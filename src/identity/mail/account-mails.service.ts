import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Outbox } from '../../platform/async/outbox.js';
import { Settings } from '../../platform/config/settings.js';
import type { Write } from '../../platform/database/unit-of-work.js';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import type { User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { newSecret, secretHash } from '../../platform/secrets/secret-box.js';
import {
  type AccountMail,
  accountExistsMessage,
  DUE,
  MAIL_LEASE_MS,
  MAIL_VALID_MS,
  type MailedInvitation,
  mailIdOf,
  type MailPurpose,
  type MailStatus,
  mailToken,
  messageOf,
  type PendingRegistration,
} from './account-mail.js';
import { AccountMailsRepository } from './account-mails.repository.js';
import { Mailer, type MailMessage, MailRefusedError } from './mailer.js';

const AT_A_TIME = 8;
/** A record outlives its token, for those who look into what was sent. */
const KEPT_MS = 24 * 3_600_000;
const LONGEST_PAUSE_MS = 120_000;
/** Each attempt stores a hash, and an invitation is retried for seven days. */
const LONGEST_INVITATION_PAUSE_MS = 3_600_000;

/**
 * Mails that prove an address. A request stores one small record, the same for every address, and returns; the outbox finds the
 * account, generates the token and sends, from any process, until the token's 15 minutes are over. An attempt is leased, so
 * two processes do not make the same one, and a crash loses none. An address without an account gets a mail only when it registers or
 * is invited.
 */
@Injectable()
export class AccountMails implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(AccountMails.name);
  private readonly outbox = new Outbox<{ mail_id: string; due_at: string }>({
    at_a_time: AT_A_TIME,
    due: (limit) => this.repository.listDue(this.clock.timestamp(), limit),
    attempt: ({ mail_id, due_at }) => this.attempt(mail_id, due_at),
    failed: (error) => {
      this.logger.warn({ msg: 'emails could not be sent; the next poll retries', err: error });
    },
  });

  constructor(
    private readonly repository: AccountMailsRepository,
    private readonly accounts: AccountsRepository,
    private readonly mailer: Mailer,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly host: HttpAdapterHost,
  ) {}

  /** Mails are sent, over SMTP or, in development, to standard output. */
  get isOn(): boolean {
    return this.mailer.mode !== 'off';
  }

  onApplicationBootstrap(): void {
    const adapter: HttpAdapterHost['httpAdapter'] | null = this.host.httpAdapter;
    if (!this.isOn || adapter === null) return;
    this.outbox.pollEvery(this.settings.get('MAIL_POLL_SECONDS'));
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.outbox.stop();
  }

  /** Resolves when the request is stored, whether or not the address has an account. @param email normalized */
  async request(
    purpose: MailPurpose,
    email: string,
    browser?: string,
    registration?: PendingRegistration,
  ): Promise<void> {
    if (!this.isOn) return;
    const valid_until = this.clock.now().getTime() + MAIL_VALID_MS;
    await this.repository.create({
      ...this.pending(purpose, email, valid_until),
      ...(browser === undefined ? {} : { browser: secretHash(browser) }),
      // A pending registration holds the hash of a password, so it expires with its token.
      ...(registration === undefined ? {} : { registration, expires_at: Math.ceil(valid_until / 1000) }),
    });
    this.sendSoon();
  }

  /**
   * The mail of an invitation, to be stored in the same transaction as the invitation; then call {@link sendSoon}. Deleting the
   * mail makes its token invalid.
   * @param valid_until milliseconds since 1970
   */
  invitation(email: string, invitation: MailedInvitation, valid_until: number): { mail_id: string; creation: Write } {
    const mail = {
      ...this.pending('invitation', email, valid_until),
      expires_at: Math.ceil(valid_until / 1000),
      invitation,
    };
    return { mail_id: mail.mail_id, creation: this.repository.creationOf(mail) };
  }

  /** @returns undefined for a mail that is gone */
  async status(mail_id: string): Promise<MailStatus | undefined> {
    return (await this.repository.find(mail_id))?.status;
  }

  /** The mail of an account's token that can be used now. @returns undefined for any other text. */
  async find(token: string, purpose: MailPurpose): Promise<(AccountMail & { user_id: string }) | undefined> {
    const mail = await this.findUsable(token, purpose);
    return mail?.user_id === undefined ? undefined : { ...mail, user_id: mail.user_id };
  }

  /** As {@link find}, for the token of a registration, which has no account yet. */
  async findRegistration(token: string): Promise<(AccountMail & { registration: PendingRegistration }) | undefined> {
    const mail = await this.findUsable(token, 'registration');
    return mail?.registration === undefined ? undefined : { ...mail, registration: mail.registration };
  }

  /** The invitation of a mailed token. @returns undefined for any other text */
  async findInvitation(token: string): Promise<MailedInvitation | undefined> {
    return (await this.findUsable(token, 'invitation'))?.invitation;
  }

  /** Uses the token up, together with `alongside` or not at all. @returns false when another request was faster. */
  async use({ mail_id }: AccountMail, token: string, alongside: Write[] = []): Promise<boolean> {
    return this.repository.use(mail_id, secretHash(token), this.clock.timestamp(), alongside);
  }

  /** What {@link use} writes, for a transaction of another repository. */
  usage({ mail_id }: AccountMail, token: string): Write {
    return this.repository.usage(mail_id, secretHash(token), this.clock.timestamp());
  }

  private async findUsable(token: string, purpose: MailPurpose): Promise<AccountMail | undefined> {
    const mail_id = mailIdOf(token);
    const mail = mail_id === undefined ? undefined : await this.repository.find(mail_id);
    if (!mail?.token_hashes.includes(secretHash(token)) || mail.purpose !== purpose) return undefined;
    if (mail.used_at !== undefined || mail.valid_until <= this.clock.timestamp()) return undefined;
    return mail;
  }

  /** Starts the outbox without waiting for its next turn. */
  sendSoon(): void {
    this.outbox.kick();
  }

  /** @returns false when another process makes it. */
  private async attempt(mail_id: string, due_at: string): Promise<boolean> {
    const claimed = await this.repository.claim(mail_id, due_at, this.inFuture(MAIL_LEASE_MS));
    if (!claimed) return false;
    const user = await this.accounts.findUserByEmail(claimed.email);
    const purpose = purposeFor(claimed, user);
    if (!purpose || claimed.valid_until <= this.clock.timestamp()) {
      await this.repository.delete(mail_id);
      return true;
    }
    const page = this.settings.get('MAIL_LINK_URL');
    if (purpose === 'registration' && user) {
      await this.deliver(claimed, accountExistsMessage(claimed, page));
      return true;
    }
    const token = mailToken(mail_id, newSecret(''));
    const user_id = purpose === 'invitation' ? undefined : user?.user_id;
    const mail = await this.repository.addToken(claimed, { hash: secretHash(token), user_id, purpose });
    if (mail) await this.deliver(mail, messageOf(mail, token, page));
    return true;
  }

  private async deliver(mail: AccountMail, message: MailMessage): Promise<void> {
    try {
      await this.mailer.send(message);
      await this.repository.settle(mail, { status: 'sent' });
    } catch (error) {
      const { mail_id, attempts, purpose } = mail;
      const isFinal = error instanceof MailRefusedError;
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn({ msg: 'an email could not be sent', mail_id, attempts, is_final: isFinal, reason });
      if (isFinal) return this.repository.settle(mail, { status: 'failed' });
      const longest = purpose === 'invitation' ? LONGEST_INVITATION_PAUSE_MS : LONGEST_PAUSE_MS;
      const pause = Math.min(this.settings.get('MAIL_RETRY_MS') * 2 ** (attempts - 1), longest);
      setTimeout(() => this.sendSoon(), pause + 1).unref();
      await this.repository.settle(mail, { next_at: this.inFuture(pause) });
    }
  }

  private pending(purpose: MailPurpose, email: string, valid_until: number): AccountMail {
    const now = this.clock.now();
    return {
      mail_id: this.ids.next('mail'),
      purpose,
      email,
      status: 'pending',
      attempts: 0,
      token_hashes: [],
      due: DUE,
      due_at: now.toISOString(),
      created_at: now.toISOString(),
      valid_until: new Date(valid_until).toISOString(),
      expires_at: Math.ceil((now.getTime() + KEPT_MS) / 1000),
    };
  }

  private inFuture(ms: number): string {
    return new Date(this.clock.now().getTime() + ms).toISOString();
  }
}

/**
 * A sign-in link to an address that was never verified would let its owner into an account that another person may have
 * registered and still has the password of: that owner gets a password reset instead, which ends this.
 */
function purposeFor({ purpose }: AccountMail, user: User | undefined): MailPurpose | undefined {
  if (purpose === 'registration' || purpose === 'invitation') return purpose;
  if (!user) return undefined;
  const { email_verified } = user;
  if (purpose === 'email_verification') return email_verified ? undefined : purpose;
  return purpose === 'magic_link' && !email_verified ? 'password_reset' : purpose;
}
