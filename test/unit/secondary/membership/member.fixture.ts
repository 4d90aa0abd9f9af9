/** A member of a fake primary, as it is after its join. */
import { Redacted } from '../../../../src/lib/redacted.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import type { Member } from '../../../../src/secondary/membership/member.ts'
import type { FakePrimary } from '../fake-primary.fixture.ts'

const key = generateSigningKey()

export async function memberOf(primary: FakePrimary, clusterName = 'east'): Promise<Member> {
  const { issuer, endpoint } = primary
  const { thumbprint } = issuer.key
  const subject = { clusterName, uid: 'own-uid', thumbprint: key.thumbprint }
  return {
    key,
    info: {
      token: new Redacted(await signMembershipToken(issuer, subject, Date.now())),
      membership: {
        primaryUid: issuer.uid,
        primaryName: 'hub',
        clusterName,
        dialect: 'first',
        endpoint,
        endpoints: [endpoint],
        keys: { current: { kid: thumbprint, x: issuer.key.x } },
      },
    },
    allowHttp: false,
    allowUntrustedTls: false,
  }
}
