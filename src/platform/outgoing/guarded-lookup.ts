import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { OutgoingRefusedError } from './outgoing.errors.js';
import { hostOf, type OwnAddresses, portOf } from './own-addresses.js';

/** What calls are checked against. */
export interface AddressGuard {
  allowPrivate: boolean;
  own: OwnAddresses;
}

/**
 * Resolves a name for one connection and checks every answer. The connection is made to exactly what was checked, so a name
 * that answers differently the next time gains nothing.
 * @param port of the connection
 */
export function guardedLookup({ allowPrivate, own }: AddressGuard, port: number): LookupFunction {
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
      const answer = (): void => {
        if (options.all) callback(null, addresses);
        else callback(first ? null : new Error('no address'), first?.address ?? '', first?.family);
      };
      if (!own.concerns(port)) {
        answer();
        return;
      }
      const called = addresses.map(({ address }) => address);
      own.refusalOf(called, port).then(
        (refusal) => {
          if (refusal === undefined) answer();
          else callback(new OutgoingRefusedError(refusal), '');
        },
        (failure: unknown) => {
          callback(failure as Error, '');
        },
      );
    });
  };
}

/** Checks what can be checked before a connection is made. @throws OutgoingRefusedError */
export function checkUrl(url: URL, { allowPrivate, own }: AddressGuard, allowedHosts?: readonly string[]): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new OutgoingRefusedError('must be http or https');
  if (url.username !== '' || url.password !== '')
    throw new OutgoingRefusedError('must not carry a user name or password');
  if (allowedHosts && !allowedHosts.includes(url.host) && !allowedHosts.includes(url.hostname))
    throw new OutgoingRefusedError(`has the host "${url.host}", which is not one of: ${allowedHosts.join(', ')}`);
  const refusal = (isLiteral(url) ? refusalOf(hostOf(url), allowPrivate) : undefined) ?? own.refusalOfUrl(url);
  if (refusal !== undefined) throw new OutgoingRefusedError(refusal);
}

/** A literal address is connected to without a lookup, so what a lookup would check is checked here. @throws OutgoingRefusedError */
export async function checkLiteral(url: URL, { own }: AddressGuard): Promise<void> {
  if (!isLiteral(url) || !own.concerns(portOf(url))) return;
  const refusal = await own.refusalOf([hostOf(url)], portOf(url));
  if (refusal !== undefined) throw new OutgoingRefusedError(refusal);
}

function isLiteral(url: URL): boolean {
  const host = hostOf(url);
  return /^[\d.]+$/.test(host) || host.includes(':');
}

/** Where clouds hand out credentials of the machine (AWS, ECS, Alibaba, Azure): never called, whatever the settings say. */
const METADATA_ADDRESSES = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  'fd00:ec2::23',
]);

/** IPv6 ranges that carry an IPv4 address inside, with which a private one could be hidden. */
const TUNNELS: readonly string[] = ['rfc6052', 'rfc6145', '6to4', 'teredo'];

/** Why an address may not be called; undefined when it may. IPv4 addresses mapped into IPv6 count as what they are. */
export function refusalOf(address: string, allowPrivate: boolean): string | undefined {
  if (!ipaddr.isValid(address)) return 'does not resolve to an IP address';
  const parsed = ipaddr.process(address);
  if (METADATA_ADDRESSES.has(parsed.toString())) return 'is a cloud metadata address, which is never called';
  const range: string = parsed.range();
  if (TUNNELS.includes(range)) return 'is a tunnel address, which may hide a private one';
  if (range === 'multicast' || range === 'broadcast') return `is a ${range} address`;
  if (range === 'unicast' || allowPrivate) return undefined;
  return 'is a private, loopback, link-local or reserved address';
}
