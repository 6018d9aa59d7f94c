/** Keywords whose subschemas apply to the same value. Following only these never gets further into the payload. */
const inPlace = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'];
const inPlaceByName = ['dependentSchemas'];

type Subschema = Readonly<Record<string, unknown>>;

/**
 * Finds a reference that leads back to itself without a step into the payload, such as `{"$ref": "#"}` at the root.
 * Checking it would never end. Undefined if there is none. References that lead further into the payload (a tree, a
 * list) are fine.
 */
export function findEndlessReference(root: Subschema): string | undefined {
  const resolve = resolver(root);
  const done = new Set<Subschema>();
  const open = new Set<Subschema>();

  const visit = (schema: Subschema): string | undefined => {
    if (done.has(schema)) return undefined;
    open.add(schema);
    for (const { reference, target } of stepsFrom(schema, resolve)) {
      const endless = open.has(target) ? (reference ?? '#') : visit(target);
      if (endless !== undefined) return endless;
    }
    open.delete(schema);
    done.add(schema);
    return undefined;
  };
  for (const schema of everySubschema(root)) {
    const endless = visit(schema);
    if (endless !== undefined) return endless;
  }
  return undefined;
}

type Step = { reference?: string; target: Subschema };
type Resolve = (reference: string) => Subschema | undefined;

function stepsFrom(schema: Subschema, resolve: Resolve): Step[] {
  const within: unknown[] = [
    ...inPlace.flatMap((keyword) => schema[keyword]),
    ...inPlaceByName.flatMap((keyword) => Object.values(Object(schema[keyword]))),
  ];
  const steps: Step[] = within.flatMap((target) => (isSchema(target) ? { target } : []));
  for (const keyword of ['$ref', '$dynamicRef']) {
    const reference = schema[keyword];
    const target = typeof reference === 'string' ? resolve(reference) : undefined;
    if (typeof reference === 'string' && target !== undefined) steps.push({ reference, target });
  }
  return steps;
}

/** References within the schema: `#`, `#/a/pointer`, `#anchor`, each possibly after the schema's own `$id`. */
function resolver(root: Subschema): Resolve {
  const anchors = new Map<string, Subschema>();
  for (const schema of everySubschema(root)) {
    for (const keyword of ['$anchor', '$dynamicAnchor', '$id']) {
      const name = schema[keyword];
      if (typeof name === 'string' && !anchors.has(name)) anchors.set(name, schema);
    }
  }
  return (reference) => {
    const [base = '', fragment = ''] = reference.split('#', 2);
    const start = base === '' ? root : anchors.get(base);
    if (start === undefined || fragment === '') return start;
    if (!fragment.startsWith('/')) return anchors.get(fragment);
    let found: unknown = start;
    for (const part of fragment.slice(1).split('/')) {
      const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
      found = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined;
    }
    return isSchema(found) ? found : undefined;
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Every object in the value. Some of them are not schemas, which does no harm. */
function* everySubschema(value: unknown): Generator<Subschema> {
  const open = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    if (isSchema(next)) yield next;
    open.push(...Object.values(next));
  }
}

const isSchema = (value: unknown): value is Subschema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
