/**
 * Runs work of one key one at a time. A call that comes while one runs waits for the next, and all that wait share
 * it: nobody gets an answer that was looked up before they asked, and a thousand callers cost two runs.
 */
export const createSingleFlight = <T>(): ((key: string, run: () => Promise<T>) => Promise<T>) => {
  const flights = new Map<string, Flight<T>>()
  const start = (key: string, run: () => Promise<T>): Promise<T> => {
    const flight: Flight<T> = { running: run(), next: undefined }
    flights.set(key, flight)
    const end = (): void => {
      if (!flight.next) flights.delete(key)
    }
    flight.running.then(end, end)
    return flight.running
  }
  return (key, run) => {
    const flight = flights.get(key)
    if (!flight) return start(key, run)
    const startNext = () => start(key, run)
    flight.next ??= flight.running.then(startNext, startNext)
    return flight.next
  }
}

interface Flight<T> {
  running: Promise<T>
  next: Promise<T> | undefined
}
