import type { FileResult } from './test-process.ts'

const linesMax = 60

export type Report = {
  step(name: string, ms: number, verdict: string): void
  file(result: FileResult): void
  fail(what: string, detail: string): void
  pass(): void
  /** Something that tests need is missing: they will skip. */
  lack(what: string): void
  /** Prints what went wrong and the closing line; returns the exit code. */
  close(): number
}

export function createReport(print: (line: string) => void, mayNotSkip: boolean): Report {
  const failures: { what: string; detail: string }[] = []
  const skips: string[] = []
  const lacks: string[] = []
  let passed = 0
  const line = (name: string, ms: number, verdict: string) =>
    print(`${name.padEnd(56)} ${(ms / 1000).toFixed(1).padStart(6)} s  ${verdict}`)
  return {
    step: line,
    file(result) {
      passed += result.passed
      failures.push(...result.failures.map(({ name, detail }) => ({ what: `${result.file} › ${name}`, detail })))
      skips.push(...result.skips.map(({ name, reason }) => `${result.file} › ${name}: ${reason}`))
      line(result.file, result.ms, verdict(result))
      if (result.failures.length > 0) print(indent(failureText(result)))
    },
    fail(what, detail) {
      failures.push({ what, detail })
      if (detail.trim() !== '') print(indent(firstLines(detail)))
    },
    pass() {
      passed += 1
    },
    lack(what) {
      lacks.push(what)
    },
    close() {
      const counts = `${passed} passed, ${failures.length} failed, ${skips.length} skipped`
      for (const text of closingRemarks(failures, skips, lacks, mayNotSkip)) print(text)
      print(counts)
      return failures.length > 0 || (mayNotSkip && skips.length + lacks.length > 0) ? 1 : 0
    },
  }
}

function closingRemarks(failures: { what: string }[], skips: string[], lacks: string[], mayNotSkip: boolean): string[] {
  const remarks: string[] = []
  const list = (title: string, items: string[]) => {
    if (items.length > 0) remarks.push('', title, ...items.map((item) => `  ${item}`))
  }
  list('Missing on this machine:', lacks)
  list('Skipped:', skips)
  list(
    'Failed:',
    failures.map(({ what }) => what),
  )
  if (mayNotSkip && skips.length + lacks.length > 0) {
    remarks.push('', 'PARLEY_FORBID_SKIPS is set: the run counts as failed because something was skipped or missing.')
  }
  return [...remarks, '']
}

function verdict({ passed, failures, skips }: FileResult): string {
  const skipped = skips.length > 0 ? `, ${skips.length} SKIPPED` : ''
  return failures.length > 0
    ? `FAILED (${failures.length} of ${passed + failures.length}${skipped})`
    : `ok, ${passed} passed${skipped}`
}

function failureText({ failures, output }: FileResult): string {
  const each = failures.map(({ name, detail }) => `✖ ${name}\n${indent(detail)}`)
  const printed = output.trim().split('\n').slice(-linesMax).join('\n')
  return [...each, ...(printed === '' ? [] : [`what it printed last:\n${indent(printed)}`])].join('\n')
}

function firstLines(text: string): string {
  const lines = text.trimEnd().split('\n')
  return lines.length <= linesMax
    ? text
    : [...lines.slice(0, linesMax), `… and ${lines.length - linesMax} lines more`].join('\n')
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '  ')
}
