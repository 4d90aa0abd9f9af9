/**
 * What Node is told when it runs the bundle, by the launchers and in the image, which repeat it; a test holds the three
 * together. A fleet is many small objects that live long, under many that live for one request.
 */
export const nodeFlags: readonly string[] = [
  '--enable-source-maps',
  // MB: V8 would let what is young and soon garbage take 100 MB and more before it looks.
  '--max-semi-space-size=4',
  // Of what has lived, as many percent more may come before V8 looks through it all; else that doubles the heap.
  '--heap-growing-percent=20',
]

/**
 * How glibc, below Node, is to give back memory: else it keeps what each thread has freed, and the large pieces in which a
 * fleet is read at the start. Bytes, but for the first, which is how many heaps of its own it has.
 */
export const nodeEnvironment: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072',
}
