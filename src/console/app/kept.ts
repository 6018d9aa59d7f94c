/**
 * Values that this tab keeps until it is closed. In a frame of another site a browser may refuse to keep anything; it then
 * lives for as long as the page.
 */
const memory = new Map<string, string>();

export function keep(name: string, value: string): void {
  memory.set(name, value);
  try {
    sessionStorage.setItem(name, value);
  } catch {
    // Kept in memory.
  }
}

export function recall(name: string): string | undefined {
  try {
    return sessionStorage.getItem(name) ?? memory.get(name);
  } catch {
    return memory.get(name);
  }
}

export function forget(name: string): void {
  memory.delete(name);
  try {
    sessionStorage.removeItem(name);
  } catch {
    // There was nothing but memory.
  }
}
