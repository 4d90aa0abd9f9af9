/** The samples of `api-verdicts.test.ts`: what both judges accept, and what both refuse. */

export const apiVersion = 'dist.kio.kasten.io/v1alpha1'
export const namespace = 'api-verdicts'

const k10 = {
  namespace: 'kasten-io',
  releaseName: 'k10',
  ingress: { url: 'https://primary-cluster-1.dev.kasten.io/k10' },
}
export const entry = { name: 'primary-cluster-1', primary: true, k10 }

export function bootstrap(clusters: unknown, more: object = {}) {
  return { apiVersion, kind: 'Bootstrap', metadata: { name: 'sample', namespace }, spec: { clusters, ...more } }
}

export const named = (name: unknown) => bootstrap({ a: { ...entry, name } })
export const at = (url: unknown) => bootstrap({ a: { ...entry, k10: { ...k10, ingress: { url } } } })

/** `count` entries as a large fleet has them. */
function fleet(count: number, url = (i: number) => `https://cluster-${i}.dev.example.com:8443/k10`) {
  const clusters = Array.from({ length: count }, (_, i) => [
    `key-${i}`,
    { name: `cluster-${i}`, primary: i === 0, k10: { ...k10, ingress: { url: url(i) } } },
  ])
  return bootstrap(Object.fromEntries(clusters))
}

export const member = {
  uid: '6f1b0a3c-1d2e-4f50-8a9b-0c1d2e3f4a5b',
  publicKey: 'A'.repeat(43),
  keyId: 'B'.repeat(43),
  since: '2026-01-31T12:00:00Z',
  tokenId: 'C'.repeat(16),
}

export function cluster(spec: object = {}, name = 'sample') {
  return { apiVersion, kind: 'Cluster', metadata: { name, namespace }, spec: { primary: false, k10, ...spec } }
}

export interface Sample {
  readonly what: string
  readonly object: object
}

export const good: readonly Sample[] = [
  { what: "a Bootstrap with the primary and the author's own key", object: bootstrap({ 'My primary!': entry }) },
  { what: 'a Bootstrap without any entry', object: bootstrap({}) },
  {
    what: 'a primary without an ingress',
    object: bootstrap({ a: { ...entry, k10: { namespace: 'n', releaseName: 'r' } } }),
  },
  { what: 'an entry that leaves all to the defaults', object: bootstrap({ a: { name: 'a', k10: {} } }) },
  { what: 'a secondary ahead of its join', object: bootstrap({ a: entry, b: { name: 'b', primary: false, k10: {} } }) },
  { what: '100 entries', object: fleet(100) },
  { what: '100 entries with URLs of 1,024 characters', object: fleet(100, (i) => `https://c${i}/`.padEnd(1024, 'a')) },
  { what: 'a name with dots and dashes', object: named('eu-1.edge--2.x') },
  { what: 'a name of digits', object: named('1') },
  { what: 'a name of 63 characters', object: named('a'.repeat(63)) },
  { what: 'http', object: at('http://primary') },
  { what: 'a port and a slash at the end', object: at('https://primary:65535/') },
  { what: 'an IPv4 address', object: at('https://10.0.0.1:8443/k10') },
  { what: 'an IPv6 address', object: at('https://[2001:db8::1]:8443/k10') },
  { what: 'a path with escapes and other legal characters', object: at("https://h/a%20b/~c!$&'()*+,;=:@-._") },
  { what: 'a URL of 1,024 characters', object: at(`https://h/${'a'.repeat(1014)}`) },
  {
    what: 'a field that this version does not know',
    object: bootstrap({ a: { ...entry, shard: 7 } }, { later: true }),
  },
  { what: 'a Cluster that nobody has joined', object: cluster() },
  { what: 'a Cluster with a member', object: cluster({ member }) },
  { what: 'a member with a previous key', object: cluster({ member: { ...member, previousKeyId: 'D'.repeat(43) } }) },
  { what: 'a member that no token admitted', object: cluster({ member: { ...member, tokenId: '' } }) },
  { what: 'an approved Cluster', object: cluster({ approved: true }) },
  { what: 'a Cluster that waits for approval', object: cluster({ member, approval: 'manual' }) },
  { what: 'a Cluster that is denied before it has joined', object: cluster({ approved: false }) },
  { what: 'a Cluster whose name has 63 characters', object: cluster({}, 'a'.repeat(63)) },
]

export const bad: readonly Sample[] = [
  { what: 'a Bootstrap without a spec', object: { ...bootstrap({}), spec: undefined } },
  { what: 'a Bootstrap without clusters', object: { ...bootstrap({}), spec: {} } },
  { what: 'clusters as a list', object: bootstrap([entry]) },
  { what: 'an entry without k10', object: bootstrap({ a: { name: 'a' } }) },
  { what: 'an entry without a name', object: bootstrap({ a: { k10 } }) },
  { what: 'primary as a word', object: bootstrap({ a: { ...entry, primary: 'true' } }) },
  { what: 'two primaries', object: bootstrap({ a: entry, b: { ...entry, name: 'b' } }) },
  { what: 'one name twice', object: bootstrap({ a: entry, b: { ...entry, primary: false } }) },
  { what: '101 entries', object: fleet(101) },
  { what: 'an empty name', object: named('') },
  { what: 'a name in upper case', object: named('Edge') },
  { what: 'a name with an underscore', object: named('edge_1') },
  { what: 'a name that ends with a dash', object: named('edge-') },
  { what: 'a name with an empty part', object: named('a..b') },
  { what: 'a name with a line break', object: named('edge\n') },
  { what: 'a name of look-alikes', object: named('ｅdge') },
  { what: 'a name of 64 characters', object: named('a'.repeat(64)) },
  { what: 'a name that is a number', object: named(7) },
  { what: 'a namespace with a dot', object: bootstrap({ a: { ...entry, k10: { ...k10, namespace: 'a.b' } } }) },
  { what: 'an empty namespace', object: bootstrap({ a: { ...entry, k10: { ...k10, namespace: '' } } }) },
  { what: 'an ingress without a URL', object: bootstrap({ a: { ...entry, k10: { ...k10, ingress: {} } } }) },
  { what: 'an empty URL', object: at('') },
  { what: 'a URL without a scheme', object: at('primary.example/k10') },
  { what: 'a scheme other than http and https', object: at('ftp://primary') },
  { what: 'a URL with a query', object: at('https://primary/k10?a=b') },
  { what: 'a URL with a fragment', object: at('https://primary/k10#a') },
  { what: 'a URL with user info', object: at('https://user:password@primary/k10') },
  { what: 'a URL without a host', object: at('https:///k10') },
  { what: 'a host with an underscore', object: at('https://my_primary') },
  { what: 'a host that is half an IPv4 address', object: at('https://10.1') },
  { what: 'an IPv6 address with two gaps', object: at('https://[1::2::3]') },
  { what: 'port 0', object: at('https://primary:0') },
  { what: 'port 65536', object: at('https://primary:65536') },
  { what: 'a URL with a space', object: at('https://primary/a b') },
  { what: 'a broken escape', object: at('https://primary/%zz') },
  { what: 'a URL of 1,025 characters', object: at(`https://h/${'a'.repeat(1015)}`) },
  { what: 'a Cluster without k10', object: { ...cluster(), spec: { primary: true } } },
  { what: 'a member without a uid', object: cluster({ member: { ...member, uid: '' } }) },
  { what: 'a uid that no ConfigMap could have as a key', object: cluster({ member: { ...member, uid: 'a b/c' } }) },
  { what: 'a member without a key', object: cluster({ member: { ...member, publicKey: undefined } }) },
  { what: 'a key that is too short', object: cluster({ member: { ...member, publicKey: 'A'.repeat(42) } }) },
  { what: 'a date that is none', object: cluster({ member: { ...member, since: 'yesterday' } }) },
  { what: 'an approval that is not manual', object: cluster({ approval: 'automatic' }) },
  { what: 'approved as a word', object: cluster({ approved: 'yes' }) },
  { what: 'a Cluster whose name has 64 characters', object: cluster({}, 'a'.repeat(64)) },
]
