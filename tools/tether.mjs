/**
 * Preloaded into a process that a demo, a test or the bench starts: it ends with the process that started it, however that
 * one ended. It must not keep the process alive by itself. In plain JavaScript: to strip types Node would load a compiler,
 * which is 17 MB of memory that the program does not have where users run it.
 */
process.once('disconnect', () => process.exit(1))
process.channel?.unref()
