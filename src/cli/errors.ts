/**
 * How a failure is told to the user of a command: what happened and where, and as the last line a command that can be
 * run next. Owns the exit codes and the words for what an API server refuses. No value of a Secret enters.
 */
import { KubeApiError } from '../kube/errors.ts'
import { parseKey } from '../kube/objects.ts'
import { kubectl, type Target } from './command-line.ts'

export const exitCodes = { done: 0, failed: 1, misused: 2 } as const

export interface CliErrorOptions {
  /** A whole command line that can be run as it stands. */
  readonly next: string
  /** Failed unless told otherwise. */
  readonly exitCode?: 1 | 2
  readonly cause?: unknown
}

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly next: string
  readonly exitCode: 1 | 2

  constructor(message: string, { next, exitCode = exitCodes.failed, cause }: CliErrorOptions) {
    super(message, cause === undefined ? {} : { cause })
    this.next = next
    this.exitCode = exitCode
  }
}

/** The command has said everything itself; the process ends with 1. */
export class FoundWrong extends Error {
  override readonly name = 'FoundWrong'
}

/** The user has asked for what makes no sense. */
export function misuse(message: string, command: string): CliError {
  return new CliError(message, { next: `kubectl conjoin ${command} --help`, exitCode: exitCodes.misused })
}

/** What a failure on this cluster means; what is no answer of an API server stays what it is. */
export function explain(error: unknown, target: Target): unknown {
  return error instanceof KubeApiError ? explainAnswer(error, target) : error
}

function explainAnswer(error: KubeApiError, target: Target): CliError {
  const { verb, resource, objectName } = error
  const what = [verb, resource, objectName].filter(Boolean).join(' ')
  const told = (message: string, ...next: readonly string[]) =>
    new CliError(message, { next: kubectl(target, ...next), cause: error })
  const where = scopeOf(error)
  if (error.status === 0) return told(`no answer from the API server${of(target)}: ${messageOf(error)}`, 'cluster-info')
  switch (error.reason) {
    case 'Unauthorized':
      return told(`the API server${of(target)} does not accept these credentials`, 'auth', 'whoami')
    case 'Forbidden':
      return told(`you may not ${what}${on(target)}: ${messageOf(error)}`, 'auth', 'can-i', '--list', ...where)
    case 'NoSuchResource':
      return told(`${resource} is not served${on(target)}: conjoin is not installed there`, 'get', 'crd')
    default:
      return told(`${what}${on(target)}: ${messageOf(error)}`, 'get', resource, ...where)
  }
}

/** The message without what leads to it. */
function messageOf({ message, status, reason }: KubeApiError): string {
  const start = `${status} ${reason}: `
  const at = message.indexOf(start)
  return at < 0 ? message : message.slice(at + start.length)
}

/** A list is named by its namespace, an object by both. */
function scopeOf({ verb, objectName }: KubeApiError): readonly string[] {
  const { namespace, name } = objectName === undefined ? {} : parseKey(objectName)
  const scope = verb === 'list' ? name : namespace
  return scope === undefined ? [] : ['-n', scope]
}

function of({ context }: Target): string {
  return context === undefined ? '' : ` of ${context}`
}

function on({ context }: Target): string {
  return context === undefined ? '' : ` on ${context}`
}
