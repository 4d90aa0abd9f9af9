/** Where K10 lives in a cluster: the part that Bootstrap entries and Clusters share. */
import { z } from 'zod'
import { clusterNameSchema } from './cluster-name.ts'
import { endpointSchema } from './endpoint.ts'
import { patternRule } from './pattern-rule.ts'

/** RFC 1123 label, the form of a namespace's name. */
const labelPattern = /^[a-z0-9]+(-+[a-z0-9]+)*$/
const labelWords =
  'must be an RFC 1123 label: lower-case letters, digits and "-", beginning and ending with a letter or digit'

export const k10Schema = z.object({
  namespace: z
    .string()
    .max(63)
    .refine((text) => labelPattern.test(text), labelWords)
    .meta(patternRule(labelPattern, labelWords))
    .default('kasten-io')
    .meta({ description: 'Namespace that K10 is installed in. Default: kasten-io.' }),
  releaseName: clusterNameSchema.default('k10').meta({ description: 'Name of the Helm release of K10. Default: k10.' }),
  ingress: z
    .object({
      url: endpointSchema.meta({
        description:
          'URL under which the cluster is reached from outside: http:// or https://, host, optional port and path; no query, fragment or user info. A slash at the end is ignored.',
      }),
    })
    .exactOptional()
    .meta({
      description: 'How K10 is reached from outside the cluster. A primary without it needs the flag --endpoint.',
    }),
})
