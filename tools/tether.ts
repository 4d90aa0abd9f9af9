/**
 * Preloaded into a process that a demo or a test starts: it ends with the process that started it, however that one
 * ended. It must not keep the process alive by itself.
 */
process.once('disconnect', () => process.exit(1))
process.channel?.unref()
