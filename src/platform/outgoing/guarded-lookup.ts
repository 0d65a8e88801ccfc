import { Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import ipaddr from 'ipaddr.js';
import { lookup as lookUp } from 'node:dns/promises';
import type { Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { Settings } from '../config/settings.js';
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { OutgoingRefusedError } from './outgoing.errors.js';

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'redis:': 6379,
  'rediss:': 6379,
  'smtp:': 25,
  'smtps:': 465,
};
const REFUSAL = 'leads to the platform itself or to its database, which outgoing calls never reach';

/**
 * What outgoing calls never reach, whatever the settings allow: on this machine the port that the platform listens on and the
 * port of the embedded database, and anywhere the hosts and ports of DYNAMODB_ENDPOINT, REDIS_URL and SMTP_URL.
 */
@Injectable()
export class OwnAddresses {
  private readonly localPorts = new Set<number>();
  private readonly services: { host: string; port: number }[];

  constructor(
    settings: Settings,
    @Optional() private readonly http?: HttpAdapterHost,
  ) {
    const urls = [settings.get('DYNAMODB_ENDPOINT'), settings.get('REDIS_URL'), settings.get('SMTP_URL')].filter(
      (url) => url !== undefined,
    );
    this.services = urls.map((url) => ({ host: hostOf(new URL(url)), port: portOf(new URL(url)) }));
    this.claim(settings.get('API_PORT'));
  }

  /** Adds a port of this machine. */
  claim(port: number): void {
    if (port !== 0) this.localPorts.add(port);
  }

  /** Cheap: whether a call to this port needs {@link refusalOf} at all. */
  concerns(port: number): boolean {
    return this.isLocalPort(port) || this.services.some((service) => service.port === port);
  }

  /** As {@link refusalOf} without a lookup, for values that are stored now and called later. */
  refusalOfUrl(url: URL): string | undefined {
    const [host, port] = [hostOf(url), portOf(url)];
    const isLocal = isNameOfThisMachine(host);
    if (isLocal && this.isLocalPort(port)) return REFUSAL;
    const isService = this.services.some(
      (service) => service.port === port && (service.host === host || (isLocal && isNameOfThisMachine(service.host))),
    );
    return isService ? REFUSAL : undefined;
  }

  /** Why none of the addresses may be called on this port; undefined if they may. */
  async refusalOf(addresses: readonly string[], port: number): Promise<string | undefined> {
    if (this.isLocalPort(port) && addresses.some(isThisMachine)) return REFUSAL;
    const services = this.services.filter((service) => service.port === port);
    if (services.length === 0) return undefined;
    const called = new Set(addresses.map(canonical));
    const taken = (await Promise.all(services.map(({ host }) => addressesOf(host)))).flat();
    const isTaken = taken.some(
      (address) => called.has(address) || (isThisMachine(address) && addresses.some(isThisMachine)),
    );
    return isTaken ? REFUSAL : undefined;
  }

  /** The port that was bound counts as well: with API_PORT=0 the system chooses it. */
  private isLocalPort(port: number): boolean {
    const adapter: HttpAdapterHost['httpAdapter'] | undefined = this.http?.httpAdapter;
    const bound = (adapter?.getHttpServer() as Server | undefined)?.address();
    return this.localPorts.has(port) || (typeof bound === 'object' && bound?.port === port);
  }
}

export function portOf({ port, protocol }: URL): number {
  return port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port);
}

export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '').toLowerCase();

const isNameOfThisMachine = (host: string): boolean => host === 'localhost' || isThisMachine(host);

/** Loopback, the unspecified address (which connects to this machine), or an address of one of its interfaces. */
function isThisMachine(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (['loopback', 'unspecified'].includes(parsed.range())) return true;
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return own.some((entry) => canonical(entry.address) === parsed.toString());
}

const canonical = (address: string): string => (ipaddr.isValid(address) ? ipaddr.process(address).toString() : address);

async function addressesOf(host: string): Promise<string[]> {
  const found = await lookUp(host, { all: true }).catch(() => []);
  return found.map(({ address }) => canonical(address));
}

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
