/** "22 Nov, 18:00 UTC", in the words of the locale; the zone is said, for payers are not always where the shop is. */
export const dateText = (at: Date, locale: string, timeZone: string): string =>
  new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    hour: 'numeric',
    minute: '2-digit',
    timeZone,
    timeZoneName: 'short',
  }).format(at)
