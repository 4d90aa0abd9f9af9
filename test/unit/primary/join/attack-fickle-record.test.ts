/** A member may join again as often as it likes, and report another installation each time: that costs few writes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bootstrap, bootstrapKind } from '../../../../src/api/bootstrap.ts'
import { k10 } from '../objects.fixture.ts'
import { applicant, joinWorld } from './join-world.fixture.ts'

const at = (time: number) => ({ ...k10, ingress: { url: `https://east.example.com/${time}` } })
const isWrite = (request: string) => !/^(get|list) /.test(request)

describe('a member that reports another installation with each join', () => {
  it('is told to wait after a few, and what it said last of all is taken over then', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const east = applicant()
    await world.join(east, token)
    world.api.sync()
    world.api.requests.length = 0
    let refused = 0
    for (let time = 1; time <= 20; time += 1) {
      await world.advance(1_000)
      const answer = world.ask({ ...east, k10: at(time) }, token)
      await answer.catch((error: unknown) => {
        assert.deepEqual([(error as Error).name, Reflect.get(error as Error, 'code')], ['ProtocolError', 'Busy'])
        refused += 1
      })
      world.api.sync()
    }
    assert.deepEqual([world.api.requests.filter(isWrite).length, refused], [3, 17])
    await world.advance(30_000)
    await world.join({ ...east, k10: at(20) }, token)
    const [record] = world.api.all<Bootstrap>(bootstrapKind)
    const reported = Object.values(record?.spec.clusters ?? {}).map(({ k10: stored }) => stored.ingress?.url)
    assert.deepEqual(reported, ['https://east.example.com/20'])
  })

  it('waits likewise where it comes with its membership, which needs no join token', async () => {
    const world = joinWorld()
    const east = applicant()
    await world.join(east, world.storeToken().token)
    world.api.sync()
    world.api.requests.length = 0
    for (let time = 1; time <= 20; time += 1) {
      await world.advance(1_000)
      await world.comeBack({ ...east, k10: at(time) }).catch(() => undefined)
    }
    assert.equal(world.api.requests.filter(isWrite).length, 3)
  })

  it('is let in as often as its pace allows where it reports the same', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const east = applicant()
    await world.join(east, token)
    world.api.sync()
    for (let time = 1; time <= 20; time += 1) {
      await world.advance(1_000)
      assert.equal((await world.join(east, token)).kind, 'joined')
    }
  })
})
