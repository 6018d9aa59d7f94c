import { readFileSync } from 'node:fs';

// Checks what is installed, by package-lock.json: every package has a licence that we accept, none runs a script that
// package.json does not name, and every version is exact and comes with a hash.
const problems = [];
const accepted = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'MIT-0', 'Unlicense'];
const acceptedOfTools = ['MPL-2.0', 'BlueOak-1.0.0', 'MIT OR Apache-2.0'];

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

for (const [path, { version, license = 'none', integrity, hasInstallScript, dev }] of Object.entries(
  packages,
)) {
  if (path === '') continue;
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  if (!accepted.includes(license) && !(dev && acceptedOfTools.includes(license)))
    problems.push(`${name} has the licence ${license}`);
  if (hasInstallScript && !(name in manifest.allowScripts))
    problems.push(`${name} runs a script when it is installed, and allowScripts does not name it`);
  if (version === undefined || integrity === undefined)
    problems.push(`${name} has no fixed version and hash`);
}
for (const field of ['dependencies', 'optionalDependencies', 'devDependencies'])
  for (const [name, range] of Object.entries(manifest[field]))
    if (!/^\d/.test(range)) problems.push(`${name} is asked for as ${range}, which is not one version`);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(
  `${Object.keys(packages).length - 1} packages, with licences and install scripts that are accepted`,
);
