/**
 * Every reason of a condition or an Event, with its meaning: the only source of these words. A reason is part of the
 * API: it is never renamed. Which condition may carry which reason is in `conditions.ts`.
 */

export const reasons = {
  // Cluster: is it a member?
  Joined: 'The cluster has proved its identity and confirmed its membership.',
  Primary: 'The Cluster is the primary itself.',
  AwaitingJoin: 'An entry of a Bootstrap registered the name; no cluster has joined under it yet.',
  PendingApproval: 'The cluster has proved its identity and waits until spec.approved is set.',
  Unconfirmed: 'The join was approved, or accepted 30 seconds ago, and no heartbeat has confirmed it yet.',
  Denied: 'The join was denied: spec.approved is false.',
  Disconnecting: 'The Cluster is being deleted; the message says what it waits for.',

  // Cluster: does it work?
  Heartbeat: 'Heartbeats arrive and report no fault.',
  ReportedUnhealthy: 'Heartbeats arrive, and the cluster reports a fault; the message is its word for it.',
  NoHeartbeat: 'No heartbeat has arrived for seven intervals.',
  NeverSeen: 'No heartbeat has ever arrived.',

  // Cluster: are there two of it?
  SameKeyOtherUid: 'Another cluster tried to join with the key of this one.',
  BootIdsAlternate: 'Two processes send heartbeats in turn with the key of this cluster.',
  PreviousKeyUsed: 'A key was used that had been replaced by a newer one, which was in use already.',

  // The primary's own Cluster.
  ManyHeartbeatsLost: 'More than 30 % of the clusters fell silent at once: the fault is likely on this side.',

  // Bootstrap.
  Registered: 'Every entry has been registered as a Cluster.',
  PrimaryConflict: 'Another Bootstrap names the primary; this one changes nothing.',
  NameConflict: 'Another Bootstrap registered a name of this one first; this one changes nothing.',
  EndpointMissing: 'The primary has no address: set ingress.url of its entry, or the flag --endpoint.',
  IdentityLost:
    'The signing key of the primary is gone while clusters or tokens rely on it; the message says how to restore it.',

  // Events only.
  Disconnected: 'The Cluster was deleted, and its cluster will be told so.',
  Left: 'The cluster left by itself.',
  Rejected: 'The join was refused for good; the message is that of mc-join-status.',
  KeyChanged: 'The cluster has proved itself with a new key, by rekey or by an allowed rebind.',
  LabelsDropped: 'The cluster reported labels that are reserved or malformed; they were left out.',
  TlsCertificateUnusable:
    'The Secret mc-primary-tls holds no certificate that can be shown; the one before it is shown.',
  TokenNotIssued: 'The join token was not issued; the message names the field and its fault.',
  TokenKeyRetired: 'The join token is pinned to a key that the primary gave up; create a new one.',
  TombstonesDropped: 'Records of disconnected clusters were dropped before those clusters had heard of it.',
  SecretNotOurs: 'A Secret under one of our names has another type or is immutable; it is not touched.',
} as const

export type Reason = keyof typeof reasons
