import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { refusalOf } from './address-rule.js';
import { OutgoingRefusedError } from './outgoing.errors.js';

/**
 * Resolves a name for one connection and checks every answer. The connection is made to exactly what was checked, so a name
 * that answers differently the next time gains nothing.
 */
export function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, '');
        return;
      }
      for (const { address } of addresses) {
        const refusal = refusalOf(address, allowPrivate);
        if (refusal !== undefined) {
          callback(new OutgoingRefusedError(refusal), '');
          return;
        }
      }
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else callback(first ? null : new Error('no address'), first?.address ?? '', first?.family);
    });
  };
}

/** Checks what can be checked before a connection is made. @throws OutgoingRefusedError */
export function checkUrl(url: URL, allowPrivate: boolean, allowedHosts?: readonly string[]): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new OutgoingRefusedError('must be http or https');
  if (url.username !== '' || url.password !== '')
    throw new OutgoingRefusedError('must not carry a user name or password');
  if (allowedHosts && !allowedHosts.includes(url.host) && !allowedHosts.includes(url.hostname))
    throw new OutgoingRefusedError(`has the host "${url.host}", which is not one of: ${allowedHosts.join(', ')}`);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  // A literal address is connected to without a lookup.
  if (!/^[\d.]+$/.test(literal) && !literal.includes(':')) return;
  const refusal = refusalOf(literal, allowPrivate);
  if (refusal !== undefined) throw new OutgoingRefusedError(refusal);
}
