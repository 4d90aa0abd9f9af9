/** Every section, in the order in which they run: growth last, as it fits what the others have drawn. */
import type { Section } from '../figures.ts'
import { beat } from './beat.ts'
import { growth } from './growth.ts'
import { idle } from './idle.ts'
import { join } from './join.ts'
import { one } from './one.ts'
import { protocol } from './protocol.ts'

export const sections: readonly Section[] = [join, one, beat, idle, protocol, growth]
