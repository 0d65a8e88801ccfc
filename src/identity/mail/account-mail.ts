import type { MailMessage } from './mailer.js';

export const MAIL_PURPOSES = [
  'password_reset',
  'email_verification',
  'magic_link',
  'registration',
  'invitation',
] as const;
export type MailPurpose = (typeof MAIL_PURPOSES)[number];
export const MAIL_STATUSES = ['pending', 'sent', 'failed'] as const;
export type MailStatus = (typeof MAIL_STATUSES)[number];

/** A mailed token is valid this long, counted from the request, however long the delivery takes. Invitations are valid longer. */
export const MAIL_VALID_MS = 15 * 60_000;
/** An attempt whose process died is repeated after this long: longer than one can take. */
export const MAIL_LEASE_MS = 30_000;
export const DUE = 'DUE';

/** An account to be created when its mail is confirmed. */
export interface PendingRegistration {
  name: string;
  organization_name: string;
  password_hash: string;
}

/** What the token of an invitation's mail admits to. */
export interface MailedInvitation {
  org_id: string;
  invitation_id: string;
  /** As it was when the invitation was made. */
  organization_name: string;
}

/**
 * A mail to the owner of an address, and the proof that it carries. The token is generated when the mail is sent and only its
 * hash is stored, so a request for an unknown address stores exactly what one for a known address does.
 *
 * pending -> sent, or failed after a permanent refusal; used once by {@link used_at}.
 */
export interface AccountMail {
  mail_id: string;
  purpose: MailPurpose;
  /** Normalized. */
  email: string;
  /** Hash of the cookie of the browser that asked; the token of a magic link or a registration works only there. */
  browser?: string;
  /** Only for `registration`; removed when the token is used. */
  registration?: PendingRegistration;
  /** Only for `invitation`. */
  invitation?: MailedInvitation;
  /** Set when it is sent: whose address it was then. Registrations and invitations have none. */
  user_id?: string;
  status: MailStatus;
  attempts: number;
  /** One for each attempt; the mail of any of them may have arrived. */
  token_hashes: string[];
  /** Only while pending: when the next attempt is due, or, during an attempt, when it counts as lost. */
  due?: typeof DUE;
  due_at?: string;
  created_at: string;
  valid_until: string;
  used_at?: string;
  /** Seconds since 1970. */
  expires_at: number;
}

const TOKEN_PREFIX = 'nxm_';
const TOKEN = /^nxm_([0-9A-HJKMNP-TV-Z]{26})[\w-]{43}$/;

/** The token names its mail, so that it is found without an index. @param secret 43 characters, base64url */
export const mailToken = (mail_id: string, secret: string): string =>
  TOKEN_PREFIX + mail_id.slice('mail_'.length) + secret;

/** The id of the mail that a token came with; undefined for anything that is no token. */
export const mailIdOf = (token: string): string | undefined => {
  const id = TOKEN.exec(token)?.[1];
  return id === undefined ? undefined : `mail_${id}`;
};

const TEXTS: Readonly<Record<MailPurpose, { subject: string; action: string; route: string; note: string }>> = {
  password_reset: {
    subject: 'Reset your password',
    action: 'choose a new password',
    route: 'POST /api/v1/auth/password/reset {"token": "…", "password": "…"}',
    note: 'A new password signs the account out everywhere. If you did not ask for this, ignore this message: your password does not change.',
  },
  email_verification: {
    subject: 'Verify your email address',
    action: 'verify this address',
    route: 'POST /api/v1/auth/email/verify {"token": "…"}, signed in to the account',
    note: 'If you did not create this account, ignore this message.',
  },
  magic_link: {
    subject: 'Sign in',
    action: 'sign in',
    route: 'POST /api/v1/auth/magic-link/verify {"token": "…"}',
    note: 'It works only in the browser that requested it. If you did not ask for this, ignore this message and do not forward it.',
  },
  registration: {
    subject: 'Confirm your registration',
    action: 'create your account',
    route: 'POST /api/v1/auth/register/confirm {"token": "…"}',
    note: 'It works only in the browser that registered. If you did not register, ignore this message: no account is created.',
  },
  invitation: {
    subject: 'You have been invited',
    action: 'accept the invitation',
    route: 'POST /api/v1/auth/invitations/accept {"invitation_token": "…", "password": "…", "name": "…"}',
    note: 'If you have an account, accept with its password; if not, choose a password and a name. If you did not expect this, ignore this message: you join only by accepting.',
  },
};

/** The answer to a registration for an address that has an account: without a token. @param page `MAIL_LINK_URL` */
export function accountExistsMessage({ mail_id, email }: AccountMail, page: string | undefined): MailMessage {
  const text = [
    'A registration was requested for this address, but the address already has an account.',
    'To sign in: POST /api/v1/auth/login {"email": "…", "password": "…"}',
    'To choose a new password: POST /api/v1/auth/password/forgot {"email": "…"}',
    ...(page === undefined ? [] : [`Or open this page:\n\n${page}`]),
    'If you did not ask for this, ignore this message: nothing has changed.',
  ].join('\n\n');
  return { id: mail_id, to: email, subject: 'You already have an account - Nexus', text: `${text}\n` };
}

/** @param page `MAIL_LINK_URL`. The token stands in the fragment, which browsers send to no server. */
export function messageOf(
  { mail_id, email, purpose, invitation }: AccountMail,
  token: string,
  page: string | undefined,
): MailMessage {
  const { subject, action, route, note } = TEXTS[purpose];
  const link = page === undefined ? undefined : `${page.split('#', 1)[0] ?? ''}#action=${purpose}&token=${token}`;
  const how =
    link === undefined
      ? `Send this token to ${action}:\n\n${token}\n\n${route}`
      : `Open this link to ${action}:\n\n${link}`;
  const intro = invitation
    ? `You have been invited to the organization ${plainName(invitation.organization_name)}.\n\n`
    : '';
  const validity = invitation ? 'for seven days' : 'for 15 minutes from your request';
  const text = `${intro}${how}\n\nIt is valid ${validity} and can be used once.\n\n${note}\n`;
  return { id: mail_id, to: email, subject: `${subject} - Nexus`, text };
}

/** Without anything that a mail program could turn into a link: any registered user can name an organization. */
const plainName = (name: string): string =>
  name
    .replaceAll(/[^\p{L}\p{M}\p{N}&'()-]+/gu, ' ')
    .trim()
    .slice(0, 100);
