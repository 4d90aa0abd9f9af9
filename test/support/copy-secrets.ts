/** Copies Secrets of one secondary into the namespace of another, as a backup does that is put back elsewhere. */
import { secretOf } from './key-change.ts'
import type { Scene } from './scene.ts'

export async function copySecrets(from: Scene, to: Scene, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const secret = await secretOf(from, name)
    const annotations = secret?.metadata.annotations
    const copied = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      data: secret?.data,
      metadata: { name, annotations },
    }
    await to.onSecondary(['create', '-f', '-'], JSON.stringify(copied))
  }
}
