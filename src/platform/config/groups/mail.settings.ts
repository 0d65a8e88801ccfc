import { z } from 'zod';
import { integer } from '../setting-kinds.js';

/** Mail of the platform itself: password resets, verification of addresses, sign-in links. */
export const mailSettings = {
  /** `smtps://user:password@host:465`, or `smtp://host:587?requireTLS=true`. Without it development prints each message; elsewhere no mail is sent. */
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  /** The sender, as an address or as `Name <address>`. */
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n@]*@[^\r\n]+$/, 'must be an address, or Name <address>')
    .default('Nexus <nexus@localhost>'),
  /** The page that mails link to, as `<page>#action=<purpose>&token=<token>`. Without it a mail carries the token alone. */
  MAIL_LINK_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** The pause before the second attempt; each later one is twice as long. */
  MAIL_RETRY_MS: integer(5_000, 10, 600_000),
  MAIL_POLL_SECONDS: integer(5, 1, 600),
};
