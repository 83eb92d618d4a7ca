import { groupFiles } from './groups.ts'
import { type FileOptions, type FileResult, runTestFiles } from './test-process.ts'

/** Two at a time: the tests share two cores and one PostgreSQL with what they start themselves. */
const groupsAtOnce = 2

export async function runFiles(
  files: string[],
  options: FileOptions,
  onResult: (result: FileResult) => void,
): Promise<void> {
  const waiting = options.namePattern === undefined ? groupFiles(files) : files.map((file) => [file])
  const work = async () => {
    for (let group = waiting.shift(); group !== undefined && !options.signal.aborted; group = waiting.shift()) {
      await runTestFiles(group, options, onResult)
    }
  }
  await Promise.all(Array.from({ length: groupsAtOnce }, work))
}
