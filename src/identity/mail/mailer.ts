import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { lazily } from '../../platform/async/lazily.js';
import { Settings } from '../../platform/config/settings.js';

/** One attempt takes at most the sum of these. */
const CONNECTION_TIMEOUT_MS = 5_000;
const GREETING_TIMEOUT_MS = 5_000;
const SOCKET_TIMEOUT_MS = 10_000;
const PERMANENT = 500;

export interface MailMessage {
  /** Names the message in every attempt, so that receiving servers can drop repetitions. */
  id: string;
  to: string;
  subject: string;
  text: string;
}

/** The mail server refused the message for good (a 5xx reply): another attempt is pointless. */
export class MailRefusedError extends Error {}

/**
 * Sends one message: over SMTP when `SMTP_URL` is set; in development without it, prints the message to standard output,
 * never to the log. Otherwise mail is off, and the start says so.
 */
@Injectable()
export class Mailer implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly mode: 'smtp' | 'console' | 'off';
  private readonly logger = new Logger(Mailer.name);
  private isOpen = false;
  /** Loaded with the first message: most processes send none. */
  private readonly transport = lazily(async () => {
    const { createTransport } = await import('nodemailer');
    this.isOpen = true;
    return createTransport({
      url: this.settings.get('SMTP_URL') ?? '',
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      greetingTimeout: GREETING_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  });

  constructor(
    private readonly settings: Settings,
    private readonly host: HttpAdapterHost,
  ) {
    const isDevelopment = settings.get('ENVIRONMENT') === 'development';
    this.mode = settings.get('SMTP_URL') !== undefined ? 'smtp' : isDevelopment ? 'console' : 'off';
  }

  onApplicationBootstrap(): void {
    const adapter: HttpAdapterHost['httpAdapter'] | null = this.host.httpAdapter;
    if (this.mode === 'off' && adapter !== null)
      this.logger.warn(
        'Mail is off: SMTP_URL is not set. Password resets, address verification and sign-in links are accepted, but nothing is sent',
      );
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.isOpen) (await this.transport()).close();
  }

  /** @throws MailRefusedError for a permanent refusal; any other error is worth another attempt. */
  async send({ id, to, subject, text }: MailMessage): Promise<void> {
    if (this.mode === 'off') return;
    if (this.mode === 'console') {
      process.stdout.write(`\n----- Mail to ${to} -----\nSubject: ${subject}\n\n${text}\n----- End of mail -----\n\n`);
      return;
    }
    const from = this.settings.get('MAIL_FROM');
    const domain = /@([^\s>]+)/.exec(from)?.[1] ?? 'localhost';
    const transport = await this.transport();
    try {
      // An address object is never parsed as a list of addresses.
      const headers = { 'Auto-Submitted': 'auto-generated' };
      await transport.sendMail({
        from,
        to: { name: '', address: to },
        subject,
        text,
        headers,
        messageId: `<${id}@${domain}>`,
      });
    } catch (error) {
      const { responseCode, message } = error as { responseCode?: number; message: string };
      if (responseCode !== undefined && responseCode >= PERMANENT) throw new MailRefusedError(message);
      throw error;
    }
  }
}
