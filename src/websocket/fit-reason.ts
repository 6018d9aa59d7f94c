/** The longest reason that fits into a close frame. */
const maxReasonBytes = 123;

/** The beginning of the reason that fits into a close frame. ws throws if it does not, and half a character grows. */
export function fitReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= maxReasonBytes) return reason;
  let end = maxReasonBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
