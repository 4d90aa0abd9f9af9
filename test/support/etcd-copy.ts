/**
 * Copies of all that a control plane has stored, as a backup of etcd is one. What is put back, into this control plane or
 * into another one, takes the place of everything that was there, the UIDs of its objects included.
 */
import { cp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { ControlPlane } from '../../tools/controlplane/control-plane.ts'

export interface EtcdCopy {
  /** Takes this control plane back to the moment of the copy, or makes another one a twin of the first. */
  putInto(controlPlane: ControlPlane): Promise<void>
}

/** The control plane rests while it is copied; the copy goes with its folder. `name` is unique among the copies of it. */
export async function copyEtcd(controlPlane: ControlPlane, name = 'backup'): Promise<EtcdCopy> {
  const copy = path.join(controlPlane.dir, `etcd.${name}`)
  await controlPlane.atRest(async (data) => cp(data, copy, { recursive: true }))
  return {
    putInto: async (target) =>
      target.atRest(async (data) => {
        await rm(data, { recursive: true })
        await cp(copy, data, { recursive: true })
      }),
  }
}
