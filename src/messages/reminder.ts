/** Requests that live no longer than this are not reminded of: who has just been asked remembers. */
const longLifeMs = 3 * 3_600_000

/** When to remind of a request; null: never. */
export const remindAt = (
  { expiresAt, askedAt }: { expiresAt: Date | null; askedAt: Date },
  beforeMs: number,
): Date | null => {
  if (expiresAt === null || beforeMs <= 0) return null
  const lifeMs = expiresAt.getTime() - askedAt.getTime()
  const at = expiresAt.getTime() - beforeMs
  return lifeMs > longLifeMs && at > askedAt.getTime() ? new Date(at) : null
}
