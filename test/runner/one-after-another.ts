/**
 * Runs the test files named on the command line in this one process, a suite each, so that what they all import is loaded and
 * compiled once. A file begins when the one before has ended, its hooks included: `run({ isolation: 'none' })` of Node imports
 * all of them first and mixes their hooks.
 */
import { AsyncResource } from 'node:async_hooks'
import { resolve } from 'node:path'
import { after, describe } from 'node:test'
import { pathToFileURL } from 'node:url'
import { markOf } from './notes.ts'

const waiting = process.argv.slice(2)
// Each Parley that a test starts listens for SIGTERM.
process.setMaxListeners(0)

// Bound to where we are now, or a file would be a part of the one before.
const next = AsyncResource.bind(() => {
  const file = waiting.shift()
  if (file === undefined) return
  describe(file, async () => {
    console.log(markOf(file))
    try {
      await import(pathToFileURL(resolve(file)).href)
    } finally {
      after(next)
    }
  })
})
next()
