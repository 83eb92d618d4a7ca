import { enableCompileCache } from 'node:module'

// Preloaded (`node --import`) by commands whose memory counts, and JavaScript for that reason: Node brings 17 MiB of
// compiler into the process to strip the types of a first TypeScript file that it does not find in the cache.
enableCompileCache()
