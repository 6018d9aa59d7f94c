const maxEventTypeNameLength = 128;
export const eventTypeNameRule = `must be dot-separated segments of a-z, 0-9, _ and -, with at most ${maxEventTypeNameLength} characters`;

/** Heliograph publishes the events of these categories: events about apps and about endpoints. */
const reservedCategories = ['app', 'endpoint'];
/** The category is also one of publishers. */
const reservedNames = ['delivery.dead_lettered'];

export function isEventTypeName(text: string): boolean {
  return text.length <= maxEventTypeNameLength && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(text);
}

/** The part of a name before the first dot, or the whole name: `comment` for `comment.created`. */
export function categoryOf(name: string): string {
  const [category = name] = name.split('.');
  return category;
}

/** Whether only Heliograph registers and publishes events of this type. */
export function isReservedEventType(name: string): boolean {
  return reservedCategories.includes(categoryOf(name)) || reservedNames.includes(name);
}
