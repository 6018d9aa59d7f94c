import type { z } from 'zod';
import { environment } from '../environment.ts';

type Setting = Readonly<{ name: string; shownDefault: string; description: string }>;

/** The guide `configure`, generated from the settings. */
export function printSettings(): string {
  const rows = Object.entries(environment.shape)
    .map(([name, type]) => settingOf(name, type))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, shownDefault, description }) => `| \`${name}\` | ${shownDefault} | ${description} |`);
  return `# Configure

Everything is set by environment variables, read once at the start. A value that is not understood stops the start with a sentence that names the variable. An empty value counts as unset.

| variable | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
}

function settingOf(name: string, type: z.ZodType): Setting {
  const { description, shownDefault } = type.meta() ?? {};
  if (typeof description !== 'string') throw new Error(`The setting ${name} has no description.`);
  return {
    name,
    description,
    shownDefault: typeof shownDefault === 'string' ? shownDefault : defaultOf(type),
  };
}

function defaultOf(type: z.ZodType): string {
  const parsed = type.safeParse(undefined);
  const value = parsed.success ? parsed.data : undefined;
  if (value === undefined) return 'unset';
  return Array.isArray(value)
    ? value.length === 0
      ? 'none'
      : `\`${value.join(',')}\``
    : `\`${String(value)}\``;
}
