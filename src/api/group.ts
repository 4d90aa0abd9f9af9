/**
 * The API group and every name under its prefix: labels, annotations, the finalizer. Code and tests take these words
 * from here and write none of their own. What a name means is said in the contract of the object that carries it.
 */

export const group = 'dist.kio.kasten.io'
export const version = 'v1alpha1'
export const apiVersion = `${group}/${version}` as const

/** On every Cluster: `primary` or `secondary`. */
export const clusterTypeLabel = `${group}/cluster-type`
/** On what was not made by a user: `join`, or `flags` for the Bootstrap that the operator's flags ask for. */
export const createdByLabel = `${group}/created-by`
/**
 * On our two CRDs, with the value `conjoin`. The operator stops where a CRD of the group lacks it. It is not
 * `app.kubernetes.io/managed-by`, because Helm claims that one for itself.
 */
export const managedByLabel = `${group}/managed-by`
export const managedBy = 'conjoin'

/** On the ConfigMaps by which the replicas of a primary tell each other whom they have heard; its value is `told`. */
export const sightingsLabel = `${group}/sightings`

/** Holds a deleted Cluster until its tombstone is stored. */
export const clusterInfoFinalizer = `${group}/cluster-info`

export const annotations = {
  /** Bootstrap: a new value registers entries anew whose Cluster was deleted. */
  register: `${group}/register`,
  /** Join token: its public id; present once the Secret has been filled. */
  tokenId: `${group}/token-id`,
  /** Join token: the primary and its signing key that it is pinned to, `<uid>.<thumbprint of the key>`. */
  tokenIssuer: `${group}/token-issuer`,
  /** Join token: the key that verifies a proof of possession, base64url. */
  tokenPublicKey: `${group}/token-public-key`,
  /** Join token: shows that the primary issued it, and nobody else wrote id and key. */
  tokenSeal: `${group}/token-seal`,
  /** Join token: why it was not issued, or cannot be used any more. */
  tokenError: `${group}/token-error`,
  /** Join token, by the user: lifetime as a duration, read at the first fill. */
  expiresIn: `${group}/expires-in`,
  /** Join token, by the user or computed from `expires-in`: RFC 3339. */
  expiresAt: `${group}/expires-at`,
  /** Join token, by the user: how many clusters it admits, 1 to 500. */
  maxUses: `${group}/max-uses`,
  /** Join token, by the user: the only name that may join with it. */
  clusterName: `${group}/cluster-name`,
  /** Join token, by the user: the only `kube-system` UID that may join with it. */
  boundUid: `${group}/bound-uid`,
  /** Join token, by the user: labels for the Clusters it admits, `key=value,key=value`. */
  clusterLabels: `${group}/cluster-labels`,
  /** Join token, by the user: `manual` makes every join wait for `spec.approved`. */
  approval: `${group}/approval`,
  /** Join token, by the user: `now` or `after-first-use` blanks `data.token`. */
  redact: `${group}/redact`,
  /** Join token, for people: how many clusters it has admitted. */
  uses: `${group}/uses`,
  /** Join token, for people: when it last admitted one, RFC 3339. */
  lastUsed: `${group}/last-used`,
  /** Bounded join token: who has used it, each as `<uid>.<thumbprint of the key>`. */
  usedBy: `${group}/used-by`,
  /** Cluster, by the user: thumbprint of the one key that may take the place of the member's; gone once it has. */
  allowRebind: `${group}/allow-rebind`,
  /** Cluster: the labels that its member has reported and that were taken over, `key=value,key=value`. */
  memberLabels: `${group}/member-labels`,
  /** `mc-join`, by the user: a new value starts the join again. */
  retry: `${group}/retry`,
  /** `mc-cluster-info`, by the user: with any value, this cluster leaves its primary. */
  leave: `${group}/leave`,
  /** `mc-join-status`: tries so far. */
  attempts: `${group}/attempts`,
  /** `mc-join-status`: RFC 3339. */
  lastAttempt: `${group}/last-attempt`,
  /** `mc-join-status`: RFC 3339. */
  nextRetry: `${group}/next-retry`,
  /** `mc-join-status` while joined: when the primary last answered, RFC 3339. */
  lastContact: `${group}/last-contact`,
  /** `mc-join-status` while joined: why the primary does not answer. */
  contactError: `${group}/contact-error`,
  /**
   * `mc-cluster-info`, by the user: a new value gives this cluster another key. `mc-primary-identity`, by the user: a new
   * value begins a roll of the primary's signing key.
   */
  rotate: `${group}/rotate`,
  /** `mc-identity` and `mc-primary-identity`: the value of `rotate` that has been followed. */
  rotated: `${group}/rotated`,
  /** `mc-cluster-info`: why the primary has not taken the new key yet. */
  rotateError: `${group}/rotate-error`,
  /** `mc-primary-identity`, by the user: thumbprints of signing keys that somebody else may have; they are given up. */
  compromised: `${group}/compromised`,
  /** `mc-primary-identity`: when the next key was announced, RFC 3339. */
  announcedAt: `${group}/announced-at`,
  /** `mc-primary-identity`: when the current key took the place of another, RFC 3339. */
  promotedAt: `${group}/promoted-at`,
  /** `mc-identity` and `mc-primary-identity`: UID of the `kube-system` namespace the key was made for. */
  clusterUid: `${group}/cluster-uid`,
} as const
