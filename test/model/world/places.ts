/** Where things are in a world, and what they are called. */

/** Of Bootstraps, Clusters and join tokens. */
export const namespace = 'kasten-io-mc'
/** Of the primary's own objects. */
export const home = 'conjoin'
/** Of a secondary's objects. */
export const away = 'kasten-io'
export const endpoint = 'http://primary.example.com'

/** What clusters are asked to be called. */
export const clusterNames = ['east', 'west', 'north'] as const
export const tokenNames = ['token-0', 'token-1', 'token-2'] as const
