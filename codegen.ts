import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import { formatDocument, stringifyDocument } from '@urql/core';
import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  lexicographicSortSchema,
  parse,
  print,
  printSchema,
} from 'graphql';
// Loads every room that declares a route.
import './src/app.ts';
import { documents } from './src/client/cli/documents.ts';
import { logDocument, logHeadQuery, logOldestQuery } from './src/client/document.ts';
import { publishMutation } from './src/client/publish.ts';
import { printDependencies } from './src/docs/print-dependencies.ts';
import { printSettings } from './src/docs/print-settings.ts';
import { generateInventory } from './src/inventory/generate-inventory.ts';
import { schema } from './src/schema.ts';
import { idOfText } from './src/transports/trusted-documents.ts';

/**
 * Writes what is made from the code: `schema/schema.graphql`, which clients generate from, the inventory beside it, the
 * guides `configure` and `dependencies`,
 * the typed documents of `test/documents/`, which show how and are type-checked with everything else, and their texts
 * by id, which a server takes in the place of the text. With `--check` it writes nothing and fails where a file is not
 * what it would write.
 */
const documentsFolder = 'test/documents';
const typedFolder = `${documentsFolder}/generated/`;

async function generate(): Promise<Map<string, string>> {
  const sorted = lexicographicSortSchema(schema);
  const printed = printSchema(sorted);
  const documents = readDocuments(documentsFolder);
  const sections = await typedDocuments(typedFolder, documents, sorted);
  const files = new Map([
    ['schema/schema.graphql', `${printed}\n`],
    ...generateInventory(schema, new URL('./', import.meta.url)),
    ['src/guides/configure.md', printSettings()],
    ['src/guides/dependencies.md', printDependencies(readFileSync('package-lock.json', 'utf8'))],
    ['schema/trusted-documents.json', manifestOf(documents.map(({ document }) => print(document)))],
    ['schema/trusted-documents.client.json', manifestOf(clientTexts())],
  ]);
  for (const folder of consoleFolders()) {
    const shared = folder === sharedFragments ? [] : readDocuments(sharedFragments);
    sections.push(
      ...(await typedDocuments(`${folder}/generated/`, [...shared, ...readDocuments(folder)], sorted)),
    );
  }
  const ofConsole: string[] = [];
  for (const section of sections) {
    const text = await codegen(section);
    files.set(section.filename, text);
    if (section.filename.startsWith(consoleFolder)) ofConsole.push(...consoleTexts(text));
  }
  files.set('schema/trusted-documents.console.json', manifestOf(ofConsole));
  return files;
}

/** Of the package `heliograph` and its command, as they send them. A log with a `select` of one's own is not among them. */
function clientTexts(): string[] {
  return [logDocument(), logHeadQuery, logOldestQuery, publishMutation, ...Object.values(documents)];
}

type DocumentFile = Readonly<{ location: string; rawSDL: string; document: DocumentNode }>;

function readDocuments(folder: string): DocumentFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => {
      const rawSDL = readFileSync(join(folder, name), 'utf8');
      return { location: join(folder, name), rawSDL, document: parse(rawSDL) };
    });
}

async function typedDocuments(baseOutputDir: string, documents: DocumentFile[], schemaAst: GraphQLSchema) {
  const sections = await preset.buildGeneratesSection({
    baseOutputDir,
    schema: parse(printSchema(schemaAst)),
    schemaAst,
    documents,
    config: {
      scalars: { ID: 'string', DateTime: 'string', JSON: 'unknown', URL: 'string', SafeInt: 'number' },
      strictScalars: true,
      useTypeImports: true,
      enumType: 'string-literal',
    },
    presetConfig: { fragmentMasking: false, skipIndexFile: true },
    plugins: [],
    pluginMap: {},
  });
  // `gql.ts` is for documents that stand in code; ours stand in files.
  return sections.filter(({ filename }) => filename.endsWith('graphql.ts'));
}

/** A view of the console has its documents beside it; fragments that several use stand in `parts/`. */
const consoleFolder = 'src/console';
const sharedFragments = `${consoleFolder}/parts`;

const consoleFolders = () =>
  readdirSync(consoleFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${consoleFolder}/${name}`)
    .filter((folder) => readDocuments(folder).length > 0)
    .sort();

/**
 * What the console sends, made of its typed documents as it makes it: each selection with its `__typename`. A fragment
 * on a change is for the client of the log, which writes the subscription around it.
 */
function consoleTexts(generated: string): string[] {
  const documents = [...generated.matchAll(/^export const \w+ = (\{.*\}) as unknown as DocumentNode/gm)].map(
    ([, json = '']): DocumentNode => JSON.parse(json),
  );
  return documents.flatMap((document) => {
    const [first] = document.definitions;
    if (first?.kind === Kind.OPERATION_DEFINITION)
      return [stringifyDocument(Object(formatDocument(document)))];
    const isSelection =
      first?.kind === Kind.FRAGMENT_DEFINITION && first.typeCondition.name.value === 'DeliveryStatusChange';
    return isSelection ? [logHeadQuery, logDocument(document)] : [];
  });
}

/** The texts as clients print them. */
function manifestOf(texts: readonly string[]): string {
  return `${JSON.stringify(Object.fromEntries(texts.map((text) => [idOfText(text), text])), null, 2)}\n`;
}

async function main(isCheck: boolean): Promise<void> {
  const files = await generate();
  const stale = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
  if (isCheck && stale.length > 0) {
    console.error(`Not as generated: ${stale.map(([path]) => path).join(', ')}. Run \`npm run generate\`.`);
    process.exitCode = 1;
  }
  if (!isCheck) {
    for (const [path, text] of stale) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  console.log(`${files.size} generated files, ${stale.length} ${isCheck ? 'stale' : 'written'}`);
}

// Tools that look for configuration import files of this name: they must not write anything.
if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.includes('--check'));
