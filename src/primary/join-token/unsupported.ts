/** Settings of a join token that this version reads but does not act on. */
import { annotations } from '../../api/group.ts'
import type { JoinTokenSettings, SettingFault } from '../../api/join-token-settings.ts'

/** A token that ignored them would be less safe than asked for: it is not issued, and an issued one admits nobody. */
export function unsupported(settings: JoinTokenSettings): readonly SettingFault[] {
  const fault = 'is not supported by this version'
  return settings.redact === 'never' ? [] : [{ annotation: annotations.redact, fault }]
}
