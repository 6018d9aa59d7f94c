import { readdirSync, readFileSync } from 'node:fs';

/**
 * Finds where root fields and routes are declared, by `QUERY endpoint` or `POST /internal/auth-hook`:
 * `src/…/file.ts:line`.
 *
 * The sources are read as the formatter leaves them: a field's name is on the line of the call that declares it, or
 * two columns inside of `builder.queryFields((t) => ({`. A declaration in another form is not found, and the
 * generation reports it. This needs the sources, so it runs when the inventory is generated, never in the program.
 */
export function findSources(root: URL): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const file of sourceFiles(root)) {
    const text = readFileSync(new URL(file, root), 'utf8');
    for (const [declared, line] of declarationsIn(text.split('\n'))) {
      const place = `${file}:${line}`;
      const other = sources.get(declared);
      if (other !== undefined) throw new Error(`${declared} is declared twice: ${other} and ${place}.`);
      sources.set(declared, place);
    }
  }
  return sources;
}

function sourceFiles(root: URL): string[] {
  return readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.ts'))
    .sort();
}

const group = /^( *)builder\.(query|mutation|subscription)Fields\(/;
const single = /^ *builder\.(query|mutation|subscription)Field\('(\w+)'/;
const mutation = /^ *mutation\(builder, '(\w+)'/;
const route = /declareRoute\(\{$/;

function declarationsIn(lines: readonly string[]): [declared: string, line: number][] {
  const found: [string, number][] = [];
  let open: { indent: string; kind: string } | undefined;
  for (const [index, line] of lines.entries()) {
    const [, groupIndent, groupKind] = group.exec(line) ?? [];
    const [, singleKind, singleName] = single.exec(line) ?? [];
    const [, mutationName] = mutation.exec(line) ?? [];
    if (groupIndent !== undefined && groupKind !== undefined) open = { indent: groupIndent, kind: groupKind };
    else if (open !== undefined && line === `${open.indent}}));`) open = undefined;
    else if (singleKind !== undefined) found.push([`${singleKind.toUpperCase()} ${singleName}`, index + 1]);
    else if (mutationName !== undefined) found.push([`MUTATION ${mutationName}`, index + 1]);
    else if (route.test(line)) found.push([routeAt(lines, index), index + 1]);
    else if (open?.indent === /^ */.exec(line)?.[0].slice(2)) {
      const name = /^ *(\w+): t\.\w+\(/.exec(line)?.[1];
      if (name !== undefined) found.push([`${open?.kind.toUpperCase()} ${name}`, index + 1]);
    }
  }
  return found;
}

function routeAt(lines: readonly string[], index: number): string {
  const [, method] = /method: '(\w+)'/.exec(lines[index + 1] ?? '') ?? [];
  const [, path] = /path: '([^']+)'/.exec(lines[index + 2] ?? '') ?? [];
  return `${method} ${path}`;
}
