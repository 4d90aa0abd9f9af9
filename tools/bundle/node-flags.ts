/**
 * What Node is told when it runs the bundle, by the launchers and in the image, which repeat it; a test holds the three
 * together. A fleet is many small objects that live long, under many that live for one request.
 */
export const nodeFlags: readonly string[] = [
  '--enable-source-maps',
  // MB: V8 would let what is young and soon garbage take 100 MB and more before it looks.
  '--max-semi-space-size=4',
  // Of what has lived, as many percent more may come before V8 looks through it all; else that doubles the heap.
  '--heap-growing-percent=30',
]
