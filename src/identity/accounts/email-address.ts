import { domainToASCII, domainToUnicode } from 'node:url';

/**
 * The one form of an address: the local part with ASCII letters in lower case, the domain as IDNA (UTS 46) maps it. Only spellings
 * that name the same mailbox fall together: no other letter of a local part is folded, so `\u212Aate@…` (Kelvin sign) never
 * becomes `kate@…`.
 */
export function normalEmail(email: string): string {
  const trimmed = email.trim();
  const at = trimmed.lastIndexOf('@');
  const local = asciiLowerCase(trimmed.slice(0, at + 1));
  const domain = trimmed.slice(at + 1);
  return local + (domainToUnicode(domainToASCII(domain)) || asciiLowerCase(domain));
}

/** New accounts have ASCII local parts: providers disagree on what other letters are the same. */
export const hasAsciiLocalPart = (email: string): boolean => /^[\x21-\x7e]+@[^@]+$/.test(email.trim());

const asciiLowerCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
