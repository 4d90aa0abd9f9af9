/** When a world has come to rest: no promise runs on. */

/** Of the event loop: a turn comes after every promise that is ready, and after those that these make ready. */
export async function rest(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}
