import { Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import ipaddr from 'ipaddr.js';
import { lookup } from 'node:dns/promises';
import type { Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { Settings } from '../config/settings.js';

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
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.map(({ address }) => canonical(address));
}
