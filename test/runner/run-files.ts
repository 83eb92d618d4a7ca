import { type FileOptions, type FileResult, runTestFile } from './test-file.ts'

/** Three at a time: two cores are busy while a third test waits for something it has started. */
const filesAtOnce = 3

export async function runFiles(
  files: string[],
  options: FileOptions,
  onResult: (result: FileResult) => void,
): Promise<void> {
  const waiting = [...files]
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined && !options.signal.aborted; file = waiting.shift()) {
      onResult(await runTestFile(file, options))
    }
  }
  await Promise.all(Array.from({ length: filesAtOnce }, work))
}
