/**
 * Records the steps of an undisturbed story of a join, and makes of each of them the cases in which it is interrupted. A step that
 * the product takes tomorrow is recorded and interrupted tomorrow.
 */
import type { AuditLog } from '../../tools/controlplane/audit-log.ts'
import { type DisturbableJoin, prepareJoin, type Side } from './disturbable-join.ts'
import type { FalseAnswer, Fault } from './fault-proxy.ts'
import { auditedWriteName, type Channel, formatStep, type Step, stepsOf } from './join-steps.ts'
import { assertEnd, type Story } from './join-stories.ts'
import type { Pair } from './pair.ts'
import { until } from './until.ts'

export interface Interruption {
  readonly story: Story
  readonly step: Step
  /** What happens to it, as in `…, is answered with an error after it took effect`. */
  readonly title: string
  /** The process that is killed, and has to be started again. */
  readonly kills?: Side
  /** Lasts as long as a client's patience. */
  readonly isSlow: boolean
  readonly fault: (join: DisturbableJoin) => Fault
}

/**
 * The steps from what the user does to the end of the story on both sides: the writes by the audit logs of both API servers, the
 * exchanges as they passed between the two.
 */
export async function recordSteps(pair: Pair, story: Story, sceneName: string): Promise<readonly Step[]> {
  const join = await prepareJoin(pair, sceneName, story)
  try {
    const { scene, proxies } = join
    await story.prepare?.(join)
    const primaryUser = `system:serviceaccount:${scene.place.home}:conjoin-primary`
    const secondaryUser = `system:serviceaccount:${scene.namespace}:conjoin-secondary`
    const marks = { primary: await pair.primary.auditLog.mark(), secondary: await pair.secondary.auditLog.mark() }
    const passedBefore = proxies.wire.passed().length
    await story.begin(join)
    await story.settle?.(join)
    await assertEnd(join, story)
    return [
      ...stepsOf('primary', await writesOf(pair.primary.auditLog, marks.primary, primaryUser)),
      ...stepsOf('secondary', await writesOf(pair.secondary.auditLog, marks.secondary, secondaryUser)),
      ...stepsOf('wire', proxies.wire.passed().slice(passedBefore)),
    ]
  } finally {
    await join.end()
  }
}

async function writesOf(log: AuditLog, mark: number, user: string): Promise<readonly string[]> {
  const events = await log.writesSince(mark, { user })
  return events.map(auditedWriteName).filter((name) => name !== undefined)
}

/** All that may happen to a step. */
export function interruptionsOf(story: Story, step: Step): readonly Interruption[] {
  const onWire = step.channel === 'wire'
  const sides: readonly Side[] = step.channel === 'wire' ? ['primary', 'secondary'] : [step.channel]
  const errorBefore = onWire ? badGateway : internalError
  const errorAfter = onWire ? gatewayTimeout : internalError
  const broken = (title: string, fault: Fault): Interruption => ({
    story,
    step,
    title,
    isSlow: false,
    fault: () => fault,
  })
  return [
    ...sides.map(
      (kills): Interruption => ({
        story,
        step,
        title: `is the last thing before the ${kills} is killed`,
        kills,
        isSlow: false,
        fault: (join) => ({ kind: 'meanwhile', act: async () => join.kill(kills) }),
      }),
    ),
    broken('is answered with an error before it is done', { kind: 'answer-instead', answer: errorBefore }),
    broken('is answered with an error after it was done', { kind: 'answer-otherwise', answer: errorAfter }),
    broken('is done, and the connection is cut before the answer', { kind: 'cut', part: 0 }),
    broken('is done, and the connection is cut in the middle of the answer', { kind: 'cut', part: 0.5 }),
    { ...broken('is done, and no answer ever comes', { kind: 'silence' }), isSlow: true },
    ...(onWire
      ? []
      : [
          broken('is answered with a conflict', { kind: 'answer-instead', answer: conflict(step) }),
          // What a proxy makes of a write that it repeats by itself.
          broken('is done, and answered with a conflict', { kind: 'answer-otherwise', answer: conflict(step) }),
        ]),
  ]
}

export function formatInterruption({ step, title }: Interruption): string {
  return `${formatStep(step)} ${title}`
}

/** Prepares a join, lets this happen to it, and asserts that it ends as if nothing had. */
export async function assertSurvives(pair: Pair, sceneName: string, interruption: Interruption): Promise<void> {
  const { story, step, kills, fault } = interruption
  const join = await prepareJoin(pair, sceneName, story)
  try {
    await story.prepare?.(join)
    const disturbance = join.proxies[step.channel].disturb(step, fault(join))
    await story.begin(join)
    await until(`${formatStep(step)} is disturbed`, async () => disturbance.isDone())
    if (kills !== undefined) await join.start(kills)
    await story.settle?.(join)
    await assertEnd(join, story)
  } finally {
    await join.end()
  }
}

/** The steps of a story as a table, for people. */
export function formatTable(story: Story, steps: readonly Step[]): string {
  const places: Readonly<Record<Channel, string>> = {
    primary: 'API of the primary',
    secondary: 'API of the secondary',
    wire: 'secondary to primary',
  }
  const rows = steps.map((step) => {
    const cases = String(interruptionsOf(story, step).length)
    return `${places[step.channel].padEnd(22)}${step.name.padEnd(40)}${String(step.nth).padStart(3)}${cases.padStart(7)}`
  })
  return [`${'where'.padEnd(22)}${'step'.padEnd(40)}nth  cases`, ...rows].join('\n')
}

function statusAnswer(code: number, reason: string, message: string): FalseAnswer {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code }
  return { status: code, mediaType: 'application/json', body: JSON.stringify(status) }
}

const internalError = statusAnswer(500, 'InternalError', 'etcdserver: request timed out')

/** What an API server says to a create of what exists, and to a change of what has changed. */
function conflict({ name }: Step): FalseAnswer {
  return name.startsWith('create ')
    ? statusAnswer(409, 'AlreadyExists', 'the object already exists')
    : statusAnswer(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version')
}

const badGateway = page(502, 'Bad Gateway')
const gatewayTimeout = page(504, 'Gateway Timeout')

/** As an ingress says it. */
function page(status: number, title: string): FalseAnswer {
  return { status, mediaType: 'text/html', body: `<html><head><title>${status} ${title}</title></head></html>` }
}
