/**
 * The one table of what can go wrong in `mcj/1`: how the primary answers it and what the secondary makes of it.
 * A code is part of the protocol: it is never renamed, and its meaning never changes.
 */

/**
 * - `signed`: the primary gives it only in a signed answer; an unsigned one is never believed.
 * - `unsigned`: an answer that changes nothing for good, problem JSON without a signature.
 * - `home`: found by the secondary itself; it never crosses the wire.
 */
export type Origin = 'signed' | 'unsigned' | 'home'

export interface Meaning {
  readonly origins: readonly Origin[]
  /** HTTP status of the answer; 0 where it never crosses the wire. */
  readonly http: number
  /** Final at the secondary: it stops until its input changes. Everything else is retried for ever. */
  readonly final: boolean
  /** What happened, where nobody has said it more exactly. */
  readonly what: string
  /** What the reader should do. */
  readonly remedy: string
}

const refused = 403

export const protocolErrors = {
  TokenInvalid: {
    origins: ['signed'],
    http: refused,
    final: true,
    what: 'Invalid join token',
    remedy: 'create a new join token on the primary and put it into mc-join',
  },
  TokenExpired: {
    origins: ['signed'],
    http: refused,
    final: true,
    what: 'the join token has expired',
    remedy: 'create a new join token on the primary and put it into mc-join',
  },
  TokenScope: {
    origins: ['signed'],
    http: refused,
    final: true,
    what: 'the join token does not admit this cluster',
    remedy: 'join under the name that the token was made for, or create a token without this scope',
  },
  TokenExhausted: {
    origins: ['signed'],
    http: refused,
    final: true,
    what: 'the join token has been used as often as it allows',
    remedy: 'create a new join token on the primary and put it into mc-join',
  },
  NameTaken: {
    origins: ['signed'],
    http: refused,
    final: true,
    what: 'the name belongs to another cluster',
    remedy: 'set another cluster-name in the ConfigMap mc-join-config',
  },
  KeyMismatch: {
    origins: ['signed'],
    http: refused,
    final: true,
    what: 'this cluster is registered with another key',
    remedy: "restore mc-identity here, or have the primary's administrator allow the present key",
  },
  CloneSuspected: {
    origins: ['signed', 'home'],
    http: refused,
    final: true,
    what: 'the identity key belongs to another cluster',
    remedy: 'delete the Secret mc-identity here and create a new mc-join',
  },
  SelfJoin: {
    origins: ['signed', 'home'],
    http: refused,
    final: true,
    what: 'a cluster cannot join itself',
    remedy: 'create mc-join on another cluster',
  },
  Denied: {
    origins: ['signed'],
    http: refused,
    final: true,
    what: 'the join was denied on the primary',
    remedy: 'ask the administrator of the primary',
  },
  Disconnected: {
    origins: ['signed'],
    http: 410,
    final: true,
    what: 'disconnected by the primary',
    remedy: 'to join again, put a valid join token into mc-join',
  },
  TokenMalformed: {
    origins: ['home'],
    http: 0,
    final: true,
    what: 'the value of token in mc-join is not a join token',
    remedy: 'copy the token again from the join-token Secret on the primary',
  },
  TokenChecksum: {
    origins: ['home'],
    http: 0,
    final: true,
    what: 'the join token was damaged in copying',
    remedy: 'copy the token again from the join-token Secret on the primary',
  },
  EndpointInvalid: {
    origins: ['home'],
    http: 0,
    final: true,
    what: 'the endpoint is not a usable URL',
    remedy: "set it to the primary's URL, https://<host>[:port][/path]",
  },
  NameInvalid: {
    origins: ['home'],
    http: 0,
    final: true,
    what: 'the cluster name is not an RFC 1123 subdomain of at most 63 characters',
    remedy: 'set cluster-name in mc-join-config, or clusterName in mc-join, to lower-case letters, digits, "-" and "."',
  },
  Left: {
    origins: ['home'],
    http: 0,
    final: true,
    what: 'this cluster left the primary',
    remedy: 'to join again, put a valid join token into mc-join',
  },
  InsecureEndpoint: {
    origins: ['home'],
    http: 0,
    final: false,
    what: 'the endpoint uses http://, which is not allowed',
    remedy: 'use https://, or set allow-insecure-primary-ingress: "true" in the ConfigMap mc-join-config',
  },
  DnsFailure: {
    origins: ['home'],
    http: 0,
    final: false,
    what: 'the host name of the endpoint cannot be resolved',
    remedy: 'check the endpoint in mc-join and the DNS of this cluster',
  },
  ConnectRefused: {
    origins: ['home'],
    http: 0,
    final: false,
    what: 'the primary cannot be reached',
    remedy: 'check the endpoint in mc-join, and that the primary is running',
  },
  ConnectTimeout: {
    origins: ['home'],
    http: 0,
    final: false,
    what: 'the primary did not answer in time',
    remedy: 'check the network and the firewalls between this cluster and the primary',
  },
  TlsUntrusted: {
    origins: ['home'],
    http: 0,
    final: false,
    what: "the primary's TLS certificate is not trusted",
    remedy: 'check that nothing intercepts the connection, or give conjoin the CA bundle of the primary',
  },
  ProxyError: {
    origins: ['home'],
    http: 0,
    final: false,
    what: 'the proxy refused the connection',
    remedy: 'check HTTPS_PROXY and NO_PROXY of the conjoin secondary',
  },
  NotOurServer: {
    origins: ['home'],
    http: 0,
    final: false,
    what: 'something other than a conjoin primary answers at the endpoint',
    remedy: 'check the host and the path of the endpoint in mc-join',
  },
  PrimaryKeyMismatch: {
    origins: ['home', 'unsigned'],
    http: 421,
    final: false,
    what: 'the primary at the endpoint does not have the key that this cluster trusts',
    remedy:
      'check that the endpoint is that of the primary; if its key was given up, put a new join token into mc-join',
  },
  Busy: {
    origins: ['unsigned'],
    http: 503,
    final: false,
    what: 'the primary is busy',
    remedy: 'nothing to do: the join is tried again',
  },
  PendingApproval: {
    origins: ['unsigned'],
    http: 503,
    final: false,
    what: 'the join waits for approval on the primary',
    remedy: 'approve it there: set spec.approved of the Cluster to true',
  },
  UnknownCluster: {
    origins: ['signed'],
    http: 404,
    final: false,
    what: 'the primary does not know this cluster any more',
    remedy: 'create mc-join with a valid join token if it does not come back by itself',
  },
  RoleConflict: {
    origins: ['home'],
    http: 0,
    final: false,
    what: 'this cluster is a primary itself',
    remedy: 'a primary cannot join another: delete its Clusters and Bootstraps first, or delete mc-join',
  },
  VersionTooOld: {
    origins: ['home', 'unsigned'],
    http: 426,
    final: false,
    what: 'the two sides speak different versions of the protocol',
    remedy: 'upgrade the older side',
  },
  Internal: {
    origins: ['unsigned', 'home'],
    http: 500,
    final: false,
    what: 'something failed',
    remedy: 'see the log of the side that failed; it is tried again',
  },
  Malformed: {
    origins: ['unsigned'],
    http: 400,
    final: false,
    what: 'the request is not a well-formed message of mcj/1',
    remedy: 'check that both sides run compatible versions',
  },
  KeyRefused: {
    origins: ['unsigned'],
    http: 409,
    final: false,
    what: 'the primary does not take the new key of this cluster, which is in use already or was',
    remedy:
      'remove next.key from the Secret mc-identity, then put a new value into the annotation rotate of mc-cluster-info',
  },
  NonceInvalid: {
    origins: ['unsigned'],
    http: 401,
    final: false,
    what: 'the nonce is too old or was not made for this exchange',
    remedy: 'nothing to do: a new one is asked for',
  },
  ProofInvalid: {
    origins: ['unsigned'],
    http: 401,
    final: false,
    what: 'the proof of possession is not valid',
    remedy: 'nothing to do: the exchange is repeated',
  },
} as const satisfies Record<string, Meaning>
