import ipaddr from 'ipaddr.js';

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
