import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { type Answer, eventually, type HttpClient } from './http.js';
import { noteSecrets } from './suite-logs.js';

export interface ReceivedMail {
  to: string;
  subject: string;
  message_id: string;
  text: string;
  /** The platform's token in it. */
  token: string;
}

interface Registering {
  /** Lower case. */
  email: string;
  password: string;
  name: string;
  organization_name: string;
}

/** The cookie that an answer sets, as a browser sends it back. */
export const cookieOf = (headers: Headers): string => (headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';

const TOKEN = /nxm_[\w-]{60,}/;

/** A real SMTP server on a free loopback port that keeps what it receives. */
export class MailServer {
  readonly received: ReceivedMail[] = [];
  /** Connections that reached the message itself, whether or not it was accepted. */
  attempts = 0;
  /** What becomes of each message: accepted, refused for now (451) or for good (550), or never answered. */
  answer: 'accept' | 'try later' | 'refuse' | 'stall' = 'accept';
  private readonly readInvitations = new Map<string, number>();
  private readonly server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        this.attempts++;
        if (this.answer === 'stall') return;
        if (this.answer !== 'accept') {
          const responseCode = this.answer === 'refuse' ? 550 : 451;
          done(Object.assign(new Error('No'), { responseCode }));
          return;
        }
        const [recipient] = session.envelope.rcptTo;
        this.keep(recipient?.address ?? '', Buffer.concat(chunks).toString());
        done();
      });
    },
  });

  static async start(): Promise<MailServer> {
    const mail = new MailServer();
    mail.server.on('error', () => undefined);
    await new Promise<void>((resolve) => mail.server.listen(0, '127.0.0.1', resolve));
    return mail;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  /** Of a platform that sends its mail here and accepts registrations. */
  get settings() {
    return { SMTP_URL: this.url, NEXUS_ALLOW_REGISTRATION: 'true' };
  }

  /** Registers at a platform with these {@link settings} and confirms with the mail. @returns the answer to the confirmation */
  async register(http: HttpClient, given: Registering, headers: Record<string, string> = {}): Promise<Answer> {
    const asked = await http.anonymous().post('/api/v1/auth/register', given, headers);
    if (asked.status !== 202) return asked;
    const { token } = await this.to(given.email);
    const cookie = cookieOf(asked.headers);
    return http.anonymous().post('/api/v1/auth/register/confirm', { token }, { ...headers, cookie });
  }

  /** Waits for the n-th mail to an address, counted from 1. */
  async to(address: string, count = 1, within_ms?: number): Promise<ReceivedMail> {
    const own = () => this.received.filter(({ to }) => to === address);
    const all = await eventually(
      async () => own(),
      ({ length }) => length >= count,
      within_ms,
    );
    return all[count - 1] as ReceivedMail;
  }

  /** Waits for the next invitation to an address, oldest first; each is returned once. */
  async invitation(address: string): Promise<ReceivedMail> {
    const read = this.readInvitations.get(address) ?? 0;
    this.readInvitations.set(address, read + 1);
    const [mail] = await eventually(
      async () =>
        this.received.filter(({ to, subject }) => to === address && /^You have been invited/.test(subject)).slice(read),
      ({ length }) => length > 0,
    );
    return mail as ReceivedMail;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private keep(to: string, raw: string): void {
    const [head = '', ...rest] = raw.split('\r\n\r\n');
    const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1] ?? '';
    const body = rest.join('\n\n').replaceAll('\r\n', '\n');
    const text = /quoted-printable/i.test(head) ? unquoted(body) : body;
    const token = TOKEN.exec(text)?.[0] ?? '';
    noteSecrets({ token });
    this.received.push({ to, subject: header('Subject'), message_id: header('Message-ID'), text, token });
  }
}

function unquoted(text: string): string {
  const bytes = text
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
