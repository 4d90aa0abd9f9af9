/** How much may be asked of a primary, and by whom; what counts is told in docs/protocol.md. */

/** Joins at once; further ones are turned away. */
export const joinLoad = { working: 64, waiting: 256 }
/** Requests without a proof, from one source. */
export const sourceLoad = { burst: 600, perSecond: 10 }
/** Requests of one member. */
export const memberLoad = { burst: 5, perSecond: 1 }
/** New keys of one Cluster. */
export const rekeyLoad = { burst: 5, perSecond: 1 / 60 }
/** Changes of a member's status that its heartbeats cause. */
export const newsLoad = { burst: 3, perSecond: 1 / 30 }
