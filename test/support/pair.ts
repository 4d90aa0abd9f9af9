/** Two real control planes, one for primaries and one for secondaries, and on them any number of scenes. */
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { installDefinitions } from '../../tools/installation.ts'
import { Scene, type SceneOptions } from './scene.ts'

export interface Pair<T extends ClusterAccess = ClusterAccess> {
  readonly primary: T
  readonly secondary: T
  /** A scene of its own on the two; its name is part of its namespaces, and no other test's. */
  scene(name: string, options?: SceneOptions): Promise<Scene>
  stop(): Promise<void>
}

/** Two control planes that other test files use before and after this one; once for a test file. */
export async function startPair(): Promise<Pair> {
  return pairOf(await borrowControlPlane('primary'), await borrowControlPlane('secondary'))
}

/** Two for this file alone: to stop their servers, to change what all namespaces share, or to look at all of them. */
export async function startOwnPair(): Promise<Pair<ControlPlane>> {
  return pairOf(await startControlPlane({ name: 'primary' }), await startControlPlane({ name: 'secondary' }))
}

async function pairOf<T extends ClusterAccess & { stop(): Promise<void> }>(primary: T, secondary: T): Promise<Pair<T>> {
  await installDefinitions(primary)
  const scenes: Scene[] = []
  return {
    primary,
    secondary,
    async scene(name, options = {}) {
      const scene = await Scene.set(primary, secondary, name, options)
      scenes.push(scene)
      return scene
    },
    async stop() {
      try {
        await Promise.all(scenes.map((scene) => scene.end()))
      } finally {
        await Promise.all([primary.stop(), secondary.stop()])
      }
    },
  }
}
